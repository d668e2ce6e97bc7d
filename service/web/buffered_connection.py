"""A connection that holds what was heard of it, and the request that gunicorn reads from that."""

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
    """What the loop has collected; a thread that wants more finds the end."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes = b""
        self._at = 0

    def hear(self, heard: bytes) -> None:
        """The next request; of the one before nothing is left."""
        self._bytes, self._at = heard, 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        """In pieces, as from a socket: gunicorn copies what is left of one at every chunk."""
        begin, self._at = self._at, self._at + max(size_hint or 0, PIECE_BYTES)
        return self._bytes[begin : self._at]

    def take_buffered(self) -> bytes:
        rest = self._bytes[self._at :]
        self._at = len(self._bytes)
        return bytes(super().take_buffered()) + rest


class Chunks:
    """A chunked body whose reader sees no error but the one of a client that is gone."""

    def __init__(self, reader: ChunkedReader) -> None:
        self._reader = reader

    def read(self, size: int) -> bytes:
        try:
            return bytes(self._reader.read(size))
        except ParseException as error:
            raise OSError(str(error)) from error


class BufferedConnection(TConn):  # type: ignore[misc]
    """A connection that keeps what it heard, and whose last words cost the loop no waiting."""

    def __init__(
        self,
        cfg: Config,
        sock: socket.socket,
        client: Any,
        server: Any,
        *,
        linger: Callable[["BufferedConnection"], None],
    ) -> None:
        """`linger` is called with the connection when it has said its last word."""
        super().__init__(cfg, sock, client, server)
        self.heard = bytearray()
        self.hopeless = False
        self.walk = ChunkProgress()
        self.lingers_until = 0.0
        self.drained = 0
        self._linger = linger

    def init(self) -> None:
        """In the first thread it meets."""
        begun = self.initialized
        super().init()
        if not begun:
            self.parser.unreader = BufferedReader()

    def take(self) -> bytes:
        """What was heard of a request; the next one begins with nothing."""
        taken = bytes(self.heard)
        self.heard.clear()
        self.walk = ChunkProgress()
        return taken

    def close(self, graceful: bool = False) -> None:
        """gunicorn waits up to two seconds here for the other end, and with it everybody else."""
        if graceful:
            self._linger(self)
        else:
            super().close()
