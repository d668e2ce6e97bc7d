"""A connection with the bytes received so far, and a reader that gives gunicorn its request from them."""

import socket
from collections.abc import Callable
from typing import Any

from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.http.body import ChunkedReader  # type: ignore[import-untyped]
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from gunicorn.http.unreader import Unreader  # type: ignore[import-untyped]
from gunicorn.workers.gthread import TConn  # type: ignore[import-untyped]

from service.web.framing import ChunkProgress

PIECE_BYTES = 8192


class BufferedReader(Unreader):  # type: ignore[misc]
    """Reads what the loop has buffered; after it, a thread reads the end of the stream."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = b""
        self._at = 0

    def feed(self, request: bytes) -> None:
        """Start the next request; the rest of the previous one is dropped."""
        self._bytes, self._at = request, 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return pieces, as a socket does: gunicorn copies the rest of a piece at every chunk."""
        begin, self._at = self._at, self._at + max(size_hint or 0, PIECE_BYTES)
        return self._bytes[begin : self._at]

    def take_buffered(self) -> bytes:
        rest = self._bytes[self._at :]
        self._at = len(self._bytes)
        return bytes(super().take_buffered()) + rest


class Chunks:
    """A chunked body whose reader raises the error of a disconnected client for every failure."""

    def __init__(self, reader: ChunkedReader) -> None:
        self._reader = reader

    def read(self, size: int) -> bytes:
        try:
            return bytes(self._reader.read(size))
        except ParseException as error:
            raise OSError(str(error)) from error


class BufferedConnection(TConn):  # type: ignore[misc]
    """A connection that buffers its bytes, and whose close does not block the loop."""

    def __init__(
        self,
        cfg: Config,
        sock: socket.socket,
        client: Any,
        server: Any,
        *,
        linger: Callable[["BufferedConnection"], None],
    ) -> None:
        """`linger` is called with the connection after its last response."""
        super().__init__(cfg, sock, client, server)
        self.received = bytearray()
        self.hopeless = False
        self.walk = ChunkProgress()
        self.lingers_until = 0.0
        self.drained = 0
        self._linger = linger

    def init(self) -> None:
        """Initialise the parser in the first thread that handles the connection."""
        begun = self.initialized
        super().init()
        if not begun:
            self.parser.unreader = BufferedReader()

    def take(self) -> bytes:
        """Return the buffered request and clear the buffer."""
        request = bytes(self.received)
        self.received.clear()
        self.walk = ChunkProgress()
        return request

    def close(self, graceful: bool = False) -> None:
        """gunicorn would block up to two seconds here for the client, and every other request with it."""
        if graceful:
            self._linger(self)
        else:
            super().close()
