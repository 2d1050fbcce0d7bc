"""``python -m core``: the command line."""

import signal
import sys

_signals: list[int] = [signal.SIGINT]


def _terminate(number: int, _: object) -> None:
    """What a shutdown or `kill` asks for is what Ctrl+C asks for: nothing half-done is left."""
    _signals.append(number)
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminate)
    try:
        from core.cli.streams import guard_streams

        guard_streams()
        from core.cli.main import INTERRUPTED, main

        done = main()
        # An interruption within `exec` of a text, by which dataclasses are made, stays noted though
        # it was caught: Python would end by the signal, without the exit code. The next forgets it.
        exec("")
        sys.exit(128 + _signals[-1] if done == INTERRUPTED else done)
    except KeyboardInterrupt:  # while modules were imported
        print("error: interrupted", file=sys.stderr)
        sys.exit(128 + _signals[-1])
