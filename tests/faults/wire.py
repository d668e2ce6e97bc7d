"""The network between service and database, which a test may cut or let go silent."""

import socket
import threading
from contextlib import suppress


class Wire:
    """A TCP port that leads to the server's socket."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._open = threading.Event()
        self._open.set()
        self._cut = False
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._lock = threading.Lock()
        self._ear = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._ear.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        self._cut = True
        self._drop_all()

    def freeze(self) -> None:
        """Nothing arrives any more and nobody is told."""
        self._open.clear()

    def mend(self) -> None:
        """As if nothing had been; what was frozen is dropped, as a firewall would."""
        if not self._open.is_set():
            self._drop_all()
        self._cut = False
        self._open.set()

    def close(self) -> None:
        """No more connections."""
        self._ear.close()
        self._drop_all()
        self._open.set()

    def _drop_all(self) -> None:
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        for sock in (sock for pair in pairs for sock in pair):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._ear.accept()
                far = socket.socket(socket.AF_UNIX)
                try:
                    if self._cut:
                        raise ConnectionRefusedError
                    far.connect(self._server)
                except OSError:
                    near.close()
                    far.close()
                    continue
                near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                pair = (near, far)
                with self._lock:
                    self._pairs.add(pair)
                for source, target in (pair, pair[::-1]):
                    threading.Thread(target=self._pump, args=(source, target, pair), daemon=True).start()

    def _pump(
        self, source: socket.socket, target: socket.socket, pair: tuple[socket.socket, socket.socket]
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                target.sendall(data)
        with self._lock:
            self._pairs.discard(pair)
        for sock in pair:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            source.close()
