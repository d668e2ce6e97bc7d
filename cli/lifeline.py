"""Children follow their supervisor, however it dies: its end of a pipe closes, and they stop.

Portable, and nothing polls: the kernel closes the pipe also after kill -9.
"""

import os
import signal
import threading

GRACE_S = 8.0


def follow_parent() -> None:
    """Stop this process (SIGTERM, then SIGKILL) when nobody holds the other end of stdin."""
    threading.Thread(target=_wait, name="lifeline", daemon=True).start()


def _wait() -> None:
    try:
        while os.read(0, 1024):
            pass
    except OSError:
        pass
    me = os.getpid()
    os.kill(me, signal.SIGTERM)
    threading.Event().wait(GRACE_S)
    os.kill(me, signal.SIGKILL)
