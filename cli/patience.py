"""A gunicorn worker whose threads only meet whole requests: slow and silent clients wait outside.

gthread gives each new connection a thread, which then waits for bytes: sixteen clients that send
nothing, or a byte now and then, close the doors to everybody. Here the loop collects a request, at
no thread's cost, and drops who takes too long. Workers share new connections out evenly.
"""

import re
import socket
import struct
import time
from functools import partial
from mmap import mmap
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker  # type: ignore[import-untyped]

SLOTS = 256  # more than a server has workers
NOBODY = -1
YIELD_S = 0.001
READ_S = 10.0  # for one whole request; providers send theirs at once
STALL_S = 5  # for what a thread still has to read or write itself
MOST_HEAD_BYTES = 64 * 1024
MOST_BODY_BYTES = 1024 * 1024  # longer ones are refused by their length, unread
MOST_HELD_BYTES = 64 * 1024 * 1024  # in all unfinished requests of this process

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,12})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_END = b"\r\n\r\n"


class Crowds:
    """How many connections each worker of a server holds, in memory that forked workers share.

    All are woken by a new connection, and who is first takes it: without a look at the others one
    worker often held every connection of a proxy while its neighbour slept.
    """

    def __init__(self) -> None:
        self._held = memoryview(mmap(-1, 4 * SLOTS)).cast("i")
        for slot in range(SLOTS):
            self._held[slot] = NOBODY

    def say(self, age: int, connections: int) -> None:
        """Of the worker of this age: gunicorn counts the workers it forks."""
        self._held[age % SLOTS] = connections

    def forget(self, age: int) -> None:
        """That worker is gone."""
        self._held[age % SLOTS] = NOBODY

    def least(self) -> int:
        """The connections of who has fewest."""
        return min((held for held in self._held if held != NOBODY), default=0)


CROWDS = Crowds()  # made before the fork


class PatientWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, but a connection gets a thread when its request is there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: gunicorn's own
        self._connections = 0
        super().__init__(*args, **kwargs)
        self._held_bytes = 0

    @property
    def nr_conns(self) -> int:
        """gunicorn counts here; the other workers see it."""
        return self._connections

    @nr_conns.setter
    def nr_conns(self, connections: int) -> None:
        self._connections = connections
        CROWDS.say(self.age, connections)

    def accept(self, listener: socket.socket) -> None:
        """A new connection waits in the loop until it has said something whole."""
        if self._connections > CROWDS.least():
            time.sleep(YIELD_S)  # somebody with fewer was woken too
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        stall = struct.pack("ll", STALL_S, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, stall)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, stall)
        self.nr_conns += 1
        conn = TConn(self.cfg, sock, address, listener.getsockname())
        conn.heard = bytearray()
        self.poller.register(sock, EVENT_READ, self._waiting(conn))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """A kept-alive connection begins its next request."""
        self.keepalived_conns.remove(conn)
        self.poller.modify(client, EVENT_READ, self._waiting(conn))  # watched already: no system call
        self.on_pending_socket_readable(conn, client)

    def on_pending_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """More of a request; a thread gets it when it is whole, or is none."""
        try:
            more = client.recv(65536)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            more = b""
        conn.heard += more
        self._held_bytes += len(more)
        whole = is_whole(conn.heard)
        if more and not whole and self._held_bytes <= MOST_HELD_BYTES:
            return
        self.poller.unregister(client)
        self.pending_conns.remove(conn)
        self._held_bytes -= len(conn.heard)
        if whole:
            conn.data_ready = True
            self.enqueue_req(conn)
        else:
            self.nr_conns -= 1
            conn.close()

    def gone(self) -> None:
        """Called where it was forked, once it is no more."""
        CROWDS.forget(self.age)

    def murder_pending(self) -> None:
        """Who took too long is gone, and so is what was kept of it."""
        waiting = list(self.pending_conns)
        super().murder_pending()
        for conn in waiting[: len(waiting) - len(self.pending_conns)]:
            self._held_bytes -= len(conn.heard)

    def handle(self, conn: Any) -> Any:  # Any: gunicorn's own
        """In a thread: what was collected is read first, the socket only for the rest."""
        conn.init()
        if conn.heard:
            conn.parser.unreader.unread(bytes(conn.heard))
            conn.heard.clear()
        return super().handle(conn)

    def _waiting(self, conn: Any) -> Any:
        """The connection's time runs from now; what the loop calls when there is more of it."""
        conn.timeout = time.monotonic() + READ_S
        self.pending_conns.append(conn)
        return partial(self.on_pending_socket_readable, conn)


def is_whole(heard: bytes | bytearray) -> bool:
    """Whether there is nothing left to wait for: a whole request, or one that will be refused anyway."""
    end = heard.find(_END)
    if end < 0:
        return len(heard) > MOST_HEAD_BYTES
    head, body = bytes(heard[: end + 2]), len(heard) - end - len(_END)
    if _CHUNKED.search(head):
        return body > MOST_BODY_BYTES or (body > 0 and heard.endswith(_END) and b"0\r\n" in heard[-1024:])
    length = _LENGTH.search(head)
    return length is None or body >= int(length[1]) or int(length[1]) > MOST_BODY_BYTES
