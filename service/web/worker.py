"""A gunicorn worker whose threads handle only complete requests: slow and silent clients occupy none.

gthread gives each new connection a thread, which then waits for bytes: sixteen clients that send
nothing, or a byte now and then, block all others. Here the loop buffers a request without a thread, and
drops clients that take too long; a thread never reads from a socket. Workers accept new connections evenly.
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
from service.web.connection_counts import CONNECTION_COUNTS
from service.web.fast_parser import plain_post
from service.web.framing import RequestState, expects_continue, request_state
from webhooks.batch import TOGETHER, DeliveryBatch

YIELD_S = 0.001
READ_S = 10.0  # for one whole request; providers send theirs at once
FINISH_S = 1.0  # for log lines and counters, which follow the responses
LINGER_S = 2.0  # after the last response
STALL_S = 5  # for a client that does not read its answer
MAX_DRAINED_BYTES = 8 * 1024 * 1024  # so that a client with an oversized request can read the 413
MAX_HELD_BYTES = 64 * 1024 * 1024  # in all unfinished requests of this process


class BufferingWorker(ThreadWorker):  # type: ignore[misc]
    """gthread, but a connection gets a thread when its request is complete."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # Any: gunicorn's own
        self._connections = 0
        super().__init__(*args, **kwargs)
        self._held_bytes = 0
        self._lingering: deque[BufferedConnection] = deque()
        self._carrier: BatchThread | None = None

    def load_wsgi(self) -> None:
        """Load the app after the fork, so that the batch thread belongs to this process."""
        super().load_wsgi()
        together = getattr(self.wsgi, "extensions", {}).get(TOGETHER)
        if isinstance(together, DeliveryBatch):
            self._carrier = BatchThread(together, self)
            self._carrier.start()

    def run(self) -> None:
        """Run until stopped; then write the log lines of all answered deliveries."""
        super().run()
        if self._carrier is not None:
            self._carrier.finish(FINISH_S)

    @property
    def nr_conns(self) -> int:
        """gunicorn's count of connections, shared with the other workers."""
        return self._connections

    @nr_conns.setter
    def nr_conns(self, connections: int) -> None:
        self._connections = connections
        CONNECTION_COUNTS.set(self.age, connections)

    def accept(self, listener: socket.socket) -> None:
        """Accept a connection; it waits in the loop until its request is complete."""
        if self._connections > CONNECTION_COUNTS.least():
            time.sleep(YIELD_S)  # a worker with fewer was woken too
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
        """Read more of a request, or its end."""
        more = _receive(client)
        if more is not None:
            self._weigh(conn, more)

    def _weigh(self, conn: Any, more: bytes) -> None:
        """Dispatch a request that is complete or invalid; close a connection that ended before that."""
        conn.received += more
        self._held_bytes += len(more)
        state = request_state(conn.received, conn.walk)
        if more and state is RequestState.PARTIAL and self._held_bytes <= MAX_HELD_BYTES:
            if expects_continue(conn.received):
                _send_continue(conn)
            return
        self.poller.unregister(conn.sock)
        self.pending_conns.remove(conn)
        self._held_bytes -= len(conn.received)
        if state is RequestState.PARTIAL:
            self.nr_conns -= 1
            conn.close()
            return
        conn.data_ready = True
        conn.hopeless = state is RequestState.HOPELESS
        if self._carrier is None or not self._carrier.takes(conn, plain_post(conn.received)):
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
        """Keep the connection alive, as gthread does after a response."""
        conn.take()
        conn.set_timeout()
        if not self.alive:
            conn.timeout = min(conn.timeout, time.monotonic() + STOP_KEEPALIVE_LINGER)
        self.keepalived_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))

    def _end(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()  # the request was read completely, so unread bytes can't reset the connection

    def gone(self) -> None:
        """Called in the arbiter after this worker has ended."""
        CONNECTION_COUNTS.forget(self.age)

    def murder_pending(self) -> None:
        """At every turn of the loop: drop connections that took too long, and their buffers."""
        waiting = list(self.pending_conns)
        super().murder_pending()
        for conn in waiting[: len(waiting) - len(self.pending_conns)]:
            self._held_bytes -= len(conn.received)
        if self._carrier is not None and self._carrier.hangs():
            self._each(self.enqueue_req, self._carrier.left())
        now = time.monotonic()
        while self._lingering and self._lingering[0].lingers_until <= now:
            self._let_go(self._lingering[0])

    def linger(self, conn: BufferedConnection) -> None:
        """Shut down our side, and close after the client does: closing earlier could reset the connection
        before the client has read the response.

        Source: RFC 9112, section 9.6.
        """
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # the client has disconnected
            conn.close()
            return
        self.nr_conns += 1  # gunicorn has subtracted it already
        conn.sock.setblocking(False)
        conn.lingers_until = time.monotonic() + LINGER_S
        self._lingering.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))

    def _drain(self, conn: BufferedConnection, client: socket.socket) -> None:
        more = _receive(client)
        if more is None:
            return
        conn.drained += len(more)
        if not more or conn.drained > MAX_DRAINED_BYTES:
            self._let_go(conn)

    def _let_go(self, conn: BufferedConnection) -> None:
        self._lingering.remove(conn)
        self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()

    def handle(self, conn: Any) -> Any:  # Any: gunicorn's own
        """Handle a request in a thread, which reads only the buffered bytes."""
        conn.init()
        conn.parser.unreader.feed(conn.take())
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Close the connection after an invalid request: the start of the next one is unknown."""
        req._expected_100_continue = False  # sent already, or the whole body came without it
        if conn.hopeless:
            req.force_close()
        if isinstance(req.body.reader, ChunkedReader):
            req.body.reader = Chunks(req.body.reader)
        return super().handle_request(req, conn)

    def _keepalive_after(self, conn: Any, keepalive: bool) -> bool:
        """gunicorn closes after a long unread body; here the whole body is buffered."""
        return bool(keepalive and conn.parser.finish_body())

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Buffer a pipelined request like any other: it may be incomplete."""
        behind = b"" if conn.parser is None else conn.parser.unreader.take_buffered()
        super().finish_request(conn, fs)
        if behind and self.keepalived_conns and self.keepalived_conns[-1] is conn:
            self.keepalived_conns.pop()
            self.poller.modify(conn.sock, EVENT_READ, self._waiting(conn))
            self._weigh(conn, behind)

    def _waiting(self, conn: Any) -> Any:
        """Start the connection's timeout; returns the loop's callback for further bytes."""
        conn.timeout = time.monotonic() + READ_S
        self.pending_conns.append(conn)
        return partial(self.on_pending_socket_readable, conn)


def _send_continue(conn: Any) -> None:
    """Send it; a client that has disconnected or reads nothing is dropped later."""
    with suppress(OSError):
        conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n", socket.MSG_DONTWAIT)


def _receive(client: socket.socket) -> bytes | None:
    """The received bytes: empty after a disconnect, None if there are none yet."""
    try:
        return client.recv(65536)
    except (BlockingIOError, InterruptedError):
        return None
    except OSError:
        return b""
