"""``python -m core``: the command line."""

import signal
import sys

_AGAIN = 1.0  # seconds
_signals: list[int] = [signal.SIGINT]


def _terminate(number: int, _: object) -> None:
    """What a shutdown or `kill` asks for is what Ctrl+C asks for: nothing half-done is left."""
    _signals.append(number)
    _ask_again_in(_AGAIN)
    raise KeyboardInterrupt


def _ask_again(*_: object) -> None:
    """Interrupt once more, unless an interruption is on its way out.

    What is raised within code written in C is lost where that clears errors, as modules made by
    Cython do while they are imported.
    """
    reason = sys.exception()
    while reason is not None:
        if isinstance(reason, KeyboardInterrupt):
            return
        reason = reason.__context__
    _ask_again_in(_AGAIN)
    raise KeyboardInterrupt


def _ask_again_in(seconds: float) -> None:
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_REAL, seconds)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _terminate)
    # What a shell starts in the background ignores Ctrl+C, and goes on ignoring it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _terminate)
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _ask_again)
    try:
        from core.cli.streams import guard_streams

        guard_streams()
        from core.cli.main import INTERRUPTED, main

        done = main()
        _ask_again_in(0)
        # An interruption within `exec` of a text, by which dataclasses are made, stays noted though
        # it was caught: Python would end by the signal, without the exit code. The next forgets it.
        exec("")
        sys.exit(128 + _signals[-1] if done == INTERRUPTED else done)
    except KeyboardInterrupt:  # while modules were imported
        _ask_again_in(0)
        print("error: interrupted", file=sys.stderr)
        sys.exit(128 + _signals[-1])
