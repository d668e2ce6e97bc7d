"""A port that can't be had is one clear error."""

import pytest

from service.errors import CannotListen
from service.sockets import listen, url


def test_port_in_use_names_the_port_and_another() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(CannotListen, match=rf"port {port} .* in use.*--port {port + 1}"):
            listen("127.0.0.1", port)


def test_unknown_host_is_named() -> None:
    with pytest.raises(CannotListen, match=r"no such address: nowhere\.invalid"):
        listen("nowhere.invalid", 0)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")],
)
def test_url_is_one_a_browser_can_open(host: str, shown: str) -> None:
    with listen(host, 0) as listener:
        assert url(host, listener) == f"http://{shown}:{listener.getsockname()[1]}"
