"""The carrier over real sockets: who waits is answered, given back, ended or sent the ordinary way."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Event, Timer

import pytest

from service.web.batch_thread import MAX_TOGETHER, BatchThread, Conn
from service.web.fast_parser import plain_post
from webhooks.batch import Answered, Post
from webhooks.delivery import Delivery
from webhooks.responses import answer

POST = b"POST /webhooks/stripe HTTP/1.1\r\nHost: x\r\n%sContent-Length: 2\r\n\r\n%02d"
Answers = Callable[[Sequence[Post]], list[Answered | None]]


@dataclass
class Connected:
    """Our end of a connection, as gunicorn's, and the client's."""

    sock: socket.socket
    client: socket.socket


@dataclass
class Hall:
    """A server that notes what becomes of its connections."""

    staying: bool = True
    ended: dict[str, list[Conn]] = field(default_factory=lambda: {"kept": [], "over": [], "alone": []})

    def stays(self) -> bool:
        return self.staying

    def give_back(self, conns: list[Conn]) -> None:
        self.ended["kept"] += conns

    def end(self, conns: list[Conn]) -> None:
        self.ended["over"] += conns

    def ask_alone(self, conns: list[Conn]) -> None:
        self.ended["alone"] += conns

    def until(self, many: int) -> dict[str, int]:
        by = time.monotonic() + 10
        while sum(map(len, self.ended.values())) < many and time.monotonic() < by:
            time.sleep(0.002)
        return {name: len(conns) for name, conns in self.ended.items()}


class Doors:
    """Answers as it is told to; remembers the sizes of its groups."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.groups: list[int] = []
        self.recorded = 0
        self.may = Event()
        self.may.set()

    def has_endpoint(self, path: str) -> bool:
        return path == "/webhooks/stripe"

    def answers(self, posts: Sequence[Post]) -> list[Answered | None]:
        self.groups.append(len(posts))
        self.may.wait(10)
        return self._answers(posts)

    def record(self, posts: Sequence[Post], answers: Sequence[Answered | None]) -> None:
        self.recorded += sum(answered is not None for answered in answers)
        if self.recorded == 13:
            raise LookupError("unlucky")


def acked(posts: Sequence[Post]) -> list[Answered | None]:
    ended = Delivery(source="stripe", outcome="appended")
    return [Answered(answer({"you": post.body.decode()}), "req", ended, 0.001) for post in posts]


@pytest.fixture
def connect() -> Iterator[Callable[[], Connected]]:
    sockets: list[socket.socket] = []

    def one() -> Connected:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.settimeout(10)
        sockets.extend((ours, theirs))
        return Connected(ours, theirs)

    yield one
    for sock in sockets:
        sock.close()


def started(doors: Doors, hall: Hall) -> BatchThread:
    carrier = BatchThread(doors, hall)
    carrier.start()
    return carrier


def test_each_gets_its_own_answer(connect: Callable[[], Connected]) -> None:
    doors, hall, conns = Doors(acked), Hall(), [connect() for _ in range(5)]
    carrier = started(doors, hall)

    for number, conn in enumerate(conns):
        assert carrier.takes(conn, plain_post(POST % (b"", number)))

    assert hall.until(5) == {"kept": 5, "over": 0, "alone": 0}
    for number, conn in enumerate(conns):
        assert conn.client.recv(4096).endswith(b'{"you":"%02d"}\n' % number)


def test_what_can_not_be_told_is_answered_all_the_same(connect: Callable[[], Connected]) -> None:
    doors, hall = Doors(acked), Hall()
    carrier = started(doors, hall)

    for number in range(15):
        carrier.takes(connect(), plain_post(POST % (b"", number)))
        hall.until(number + 1)

    assert hall.until(15) == {"kept": 15, "over": 0, "alone": 0}
    assert doors.recorded >= 14


def test_who_waits_while_others_are_answered_goes_together(connect: Callable[[], Connected]) -> None:
    doors, hall, many = Doors(acked), Hall(), MAX_TOGETHER + 10
    doors.may.clear()
    carrier = started(doors, hall)

    carrier.takes(connect(), plain_post(POST % (b"", 0)))
    while not doors.groups:
        time.sleep(0.001)
    for number in range(many):
        carrier.takes(connect(), plain_post(POST % (b"", number % 100)))
    doors.may.set()

    assert hall.until(many + 1)["kept"] == many + 1
    assert doors.groups == [1, MAX_TOGETHER, 10]


@pytest.mark.parametrize(
    ("staying", "header", "goes"),
    [(True, b"", "kept"), (True, b"Connection: close\r\n", "over"), (False, b"", "over")],
    ids=["stays", "asked to go", "server stops"],
)
def test_a_connection_stays_if_both_ends_want(
    connect: Callable[[], Connected], staying: bool, header: bytes, goes: str
) -> None:
    hall, conn = Hall(staying=staying), connect()

    started(Doors(acked), hall).takes(conn, plain_post(POST % (header, 1)))

    assert hall.until(1)[goes] == 1
    assert (b"Connection: keep-alive" in conn.client.recv(4096)) == (goes == "kept")


def test_nothing_that_goes_wrong_ends_the_carrier(connect: Callable[[], Connected]) -> None:
    def breaks_once(posts: Sequence[Post]) -> list[Answered | None]:
        if len(doors.groups) == 1:
            raise LookupError("unforeseen")
        return acked(posts)

    doors, hall = Doors(breaks_once), Hall()
    carrier = started(doors, hall)
    carrier.takes(connect(), plain_post(POST % (b"", 1)))
    assert hall.until(1)["alone"] == 1

    gone = connect()
    gone.client.close()
    carrier.takes(gone, plain_post(POST % (b"", 2)))
    assert hall.until(2)["over"] == 1

    deaf = connect()
    while True:  # nobody reads there, so nothing more fits
        try:
            deaf.sock.send(b"x" * 65536)
        except BlockingIOError:
            break
    carrier.takes(deaf, plain_post(POST % (b"", 3)))
    assert hall.until(3)["over"] == 2

    carrier.takes(connect(), plain_post(POST % (b"", 4)))
    assert hall.until(4) == {"kept": 1, "over": 2, "alone": 1}


def test_what_is_unanswered_goes_the_ordinary_way(connect: Callable[[], Connected]) -> None:
    hall, conn = Hall(), connect()

    started(Doors(lambda posts: [None] * len(posts)), hall).takes(conn, plain_post(POST % (b"", 1)))

    assert hall.until(1)["alone"] == 1
    conn.client.setblocking(False)
    with pytest.raises(BlockingIOError):
        conn.client.recv(1)


def test_who_is_answered_at_the_end_is_told_of_too(connect: Callable[[], Connected]) -> None:
    doors, hall = Doors(acked), Hall()
    doors.may.clear()
    carrier = started(doors, hall)
    for number in range(8):
        carrier.takes(connect(), plain_post(POST % (b"", number)))
    Timer(0.05, doors.may.set).start()

    carrier.finish(10)

    assert doors.recorded == 8
    assert hall.until(8)["kept"] == 8


def test_a_group_that_hangs_holds_up_only_itself(
    connect: Callable[[], Connected], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.web.batch_thread.PATIENCE_S", 0.05)
    doors, hall, behind, later = Doors(acked), Hall(), connect(), connect()
    doors.may.clear()
    carrier = started(doors, hall)
    carrier.takes(connect(), plain_post(POST % (b"", 1)))
    while not doors.groups:
        time.sleep(0.001)
    assert carrier.takes(behind, plain_post(POST % (b"", 2)))
    while not carrier.hangs():
        time.sleep(0.001)

    assert not carrier.takes(later, plain_post(POST % (b"", 3)))
    assert carrier.left() == [behind]
    doors.may.set()
    assert hall.until(1)["kept"] == 1
    while carrier.hangs():
        time.sleep(0.001)
    assert carrier.takes(later, plain_post(POST % (b"", 3)))
    assert hall.until(2)["kept"] == 2


def test_what_is_no_delivery_is_not_taken(connect: Callable[[], Connected]) -> None:
    carrier = started(Doors(acked), Hall())

    assert not carrier.takes(connect(), None)
    assert not carrier.takes(connect(), plain_post((POST % (b"", 1)).replace(b"stripe", b"other")))
