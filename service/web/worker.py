"""A gunicorn worker whose threads only meet whole requests: slow and silent clients wait outside.

gthread gives each new connection a thread, which then waits for bytes: sixteen clients that send
nothing, or a byte now and then, close the doors to everybody. Here the loop collects a request, at
no thread's cost, and drops who takes too long; a thread never reads from a socket. Workers share new
connections out evenly.
"""

import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn.http.body import ChunkedReader  # type: ignore[import-untyped]
from gunicorn.workers.gthread import (  # type: ignore[import-untyped]
    STOP_KEEPALIVE_LINGER,
    ThreadWorker,
)

from service.web.batch_thread import BatchThread
from service.web.buffered_connection import BufferedConnection, Chunks
from service.web.connection_counts import CROWDS
from service.web.fast_parser import plain_post
from service.web.framing import RequestState, expects_continue, stands
from webhooks.batch import TOGETHER, DeliveryBatch

YIELD_S = 0.001
READ_S = 10.0  # for one whole request; providers send theirs at once
FINISH_S = 1.0  # for log lines and counters, which come after the answers
LINGER_S = 2.0  # after our last word
STALL_S = 5  # for a client that does not read its answer
MOST_DRAINED_BYTES = 8 * 1024 * 1024  # so that who sends too much hears that it is too much
MOST_HELD_BYTES = 64 * 1024 * 1024  # in all unfinished requests of this process


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, but a connection gets a thread when its request is there."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: gunicorn's own
        self._connections = 0
        super().__init__(*args, **kwargs)
        self._held_bytes = 0
        self._lingering: deque[BufferedConnection] = deque()
        self._carrier: BatchThread | None = None

    def load_wsgi(self) -> None:
        """After the fork, so the carrier's thread is this process's own."""
        super().load_wsgi()
        together = getattr(self.wsgi, "extensions", {}).get(TOGETHER)
        if isinstance(together, DeliveryBatch):
            self._carrier = BatchThread(together, self)
            self._carrier.start()

    def run(self) -> None:
        """Until it is told to stop; then every delivery that has its answer gets its log line too."""
        super().run()
        if self._carrier is not None:
            self._carrier.finish(FINISH_S)

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
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", STALL_S, 0))
        self.nr_conns += 1
        conn = BufferedConnection(self.cfg, sock, address, listener.getsockname(), linger=self.linger)
        self.poller.register(sock, EVENT_READ, self._waiting(conn))

    def on_client_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """A kept-alive connection begins its next request."""
        self.keepalived_conns.remove(conn)
        self.poller.modify(client, EVENT_READ, self._waiting(conn))  # watched already: no system call
        self.on_pending_socket_readable(conn, client)

    def on_pending_socket_readable(self, conn: Any, client: socket.socket) -> None:
        """More of a request, or the end of it."""
        more = _heard(client)
        if more is not None:
            self._weigh(conn, more)

    def _weigh(self, conn: Any, more: bytes) -> None:
        """A thread gets a request when it is whole, or is none; who hangs up half way gets nothing."""
        conn.heard += more
        self._held_bytes += len(more)
        found = stands(conn.heard, conn.walk)
        if more and found is RequestState.PARTIAL and self._held_bytes <= MOST_HELD_BYTES:
            if expects_continue(conn.heard):
                _send_continue(conn)
            return
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        self._held_bytes -= len(conn.heard)
        if found is RequestState.PARTIAL:
            self.nr_conns -= 1
            conn.close()
            return
        conn.data_ready = True
        conn.hopeless = found is RequestState.HOPELESS
        if self._carrier is None or not self._carrier.takes(conn, plain_post(conn.heard)):
            self.enqueue_req(conn)

    def stays(self) -> bool:
        """Whether a connection may be used again."""
        return bool(self.alive) and len(self.keepalived_conns) < int(self.max_keepalived)

    def give_back(self, conns: list[Any]) -> None:
        self.method_queue.defer(self._each, self._keep, conns)

    def end(self, conns: list[Any]) -> None:
        self.method_queue.defer(self._each, self._end, conns)

    def ask_alone(self, conns: list[Any]) -> None:
        self.method_queue.defer(self._each, self.enqueue_req, conns)

    def _each(self, do: Callable[[Any], None], conns: list[Any]) -> None:
        for conn in conns:
            do(conn)

    def _keep(self, conn: Any) -> None:
        """As gthread does with a connection that a thread has answered on."""
        conn.take()
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _end(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()  # its request was read to the last byte, so nothing is left that would cut the answer

    def gone(self) -> None:
        """Called where it was forked, once it is no more."""
        CROWDS.forget(self.age)

    def murder_pending(self) -> None:
        """At every turn of the loop: who took too long is gone, and so is what was kept of it."""
        waiting = list(self.pending_conns)
        super().murder_pending()
        for conn in waiting[: len(waiting) - len(self.pending_conns)]:
            self._held_bytes -= len(conn.heard)
        if self._carrier is not None and self._carrier.hangs():
            self._each(self.enqueue_req, self._carrier.left())
        now = time.monotonic()
        while self._lingering and self._lingering[0].lingers_until <= now:
            self._let_go(self._lingering[0])

    def linger(self, conn: BufferedConnection) -> None:
        """Say that we are done, and close when the other end is too: sooner, what it still sends would
        cut off an answer that it has not read.

        Source: RFC 9112, section 9.6.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it is gone
            conn.close()
            return
        self.nr_conns += 1  # gunicorn has counted it out already
        conn.sock.setblocking(False)
        conn.lingers_until = time.monotonic() + LINGER_S
        self._lingering.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: BufferedConnection, client: socket.socket) -> None:
        more = _heard(client)
        if more is None:
            return
        conn.drained += len(more)
        if not more or conn.drained > MOST_DRAINED_BYTES:
            self._let_go(conn)

    def _let_go(self, conn: BufferedConnection) -> None:
        self._lingering.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def handle(self, conn: Any) -> Any:  # Any: gunicorn's own
        """In a thread: it reads what was collected and nothing else."""
        conn.init()
        conn.parser.unreader.hear(conn.take())
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Where a request that has not come to its end would be followed by another, nobody knows."""
        req._expected_100_continue = False  # sent already, or the whole body came without it
        if conn.hopeless:
            req.force_close()
        if isinstance(req.body.reader, ChunkedReader):
            req.body.reader = Chunks(req.body.reader)
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """gunicorn gives up on a long body that nobody read; ours is all here."""
        return bool(keepalive and conn.parser.finish_body())

    def finish_request(self, conn: Any, fs: Any) -> None:
        """A request that was sent behind another is collected like any: it may not be whole."""
        behind = b"" if conn.parser is None else conn.parser.unreader.take_buffered()
        super().finish_request(conn, fs)
        if behind and self.keepalived_conns and self.keepalived_conns[-1] is conn:
            self.keepalived_conns.pop()
            self.poller.modify(conn.sock, EVENT_READ, self._waiting(conn))
            self._weigh(conn, behind)

    def _waiting(self, conn: Any) -> Any:
        """The connection's time runs from now; what the loop calls when there is more of it."""
        conn.timeout = time.monotonic() + READ_S
        self.pending_conns.append(conn)
        return partial(self.on_pending_socket_readable, conn)


def _send_continue(conn: Any) -> None:
    """A client that is gone, or reads nothing, is dropped later like any other."""
    with suppress(OSError):
        conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n", socket.MSG_DONTWAIT)


def _heard(client: socket.socket) -> bytes | None:
    """What it says now: nothing at all when it has hung up, None when it was a false alarm."""
    try:
        return client.recv(65536)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""
