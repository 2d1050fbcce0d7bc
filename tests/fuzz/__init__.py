"""Broken and hostile files for every reader, through the command line: docs/fuzzing.md."""
