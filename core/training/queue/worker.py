"""``python -m core.training.queue.worker``: a small process that starts queued trainings.

It has a session of its own and so outlives the server, as the trainings outlive it. The server's
start, the Train page and the command line start it again where it is gone (`queue.advance`).
"""

from __future__ import annotations

from core.training.queue.queue import run_worker

if __name__ == "__main__":
    run_worker()
