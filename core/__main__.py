"""``python -m core``: the command line."""

import sys

if __name__ == "__main__":
    try:
        from core.cli.streams import guard_streams

        guard_streams()
        from core.cli.main import main

        sys.exit(main())
    except KeyboardInterrupt:  # while modules were imported
        print("error: interrupted", file=sys.stderr)
        sys.exit(130)
