"""Images larger than memory, read by windows."""
