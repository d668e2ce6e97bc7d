"""The listening socket, taken before anything else starts: a busy port is one clear error."""

import errno
import socket

from service.errors import CannotListen


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 takes a free one.

    Raises: CannotListen, whose message names the next step.
    """
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError):
        raise CannotListen(f"no such address: {host}; try --host 127.0.0.1") from None
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise CannotListen(_why(error, host, port)) from None
    return listener


def url(host: str, listener: socket.socket) -> str:
    """The socket's URL for a browser on this machine."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104  (only compared)
    shown = f"[{shown}]" if ":" in shown and not shown.startswith("[") else shown
    return f"http://{shown}:{listener.getsockname()[1]}"


def _why(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        other = port + 1 if port < 65535 else port - 1
        return (
            f"port {port} on {host} is in use, perhaps by another Tenure; "
            f"stop that one, or choose another port: --port {other}"
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs rights this user does not have; choose one above 1023: --port 8000"
    return f"cannot listen on {host}:{port}: {error.strerror}"
