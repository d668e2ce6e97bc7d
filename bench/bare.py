"""The very server that `tenure serve` runs with less in it: what HTTP, Flask, a row and an append cost alone."""

import os
import sys
from collections.abc import Callable, Iterable
from uuid import uuid4
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, request

from bench.append import BARE_INSERT
from cli.sockets import listen
from cli.web import Server, Web
from cli.wiring import as_service
from database.pool import Connection, Pool, open_pool
from events.append import append
from events.clock import utc_now
from events.envelope import NewEvent
from events.identifiers import uuid7
from events.payload import digest, new_salt
from events.routing import part_of

ANSWER = b'{"status": "appended"}\n'
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))]
Step = Callable[[str], None]


def flask_app() -> Flask:
    """Reads the body, answers; knows nothing else."""
    bare = Flask("bare")

    @bare.post("/bare")
    def receive() -> Response:
        request.get_data()
        return Response(ANSWER, mimetype="application/json")

    return bare


def wsgi_app(step: Step) -> WSGIApplication:
    """The same without Flask; `step` is done with the body before the answer."""

    def receive(environ: WSGIEnvironment, respond: StartResponse) -> Iterable[bytes]:
        step(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode())
        respond("200 OK", HEADERS)
        return [ANSWER]

    return receive


def nothing() -> Step:
    return lambda _: None


def inserting() -> Step:
    """A bare INSERT of the row."""
    pool = _pool(None)

    def step(body: str) -> None:
        key, salt = uuid4().hex, new_salt()
        named = (part_of(key), uuid7(), "stripe", key, True, key, "stripe_customer", key)
        kept = ("stripe.customer.updated", 1, body, '{"livemode": true}', utc_now(), salt, digest(salt, body))
        with pool.connection() as conn:
            conn.execute(BARE_INSERT, (*named, *kept))

    return step


def appending() -> Step:
    """An append, of a body that nobody verified or read."""
    pool = _pool(as_service)

    def step(body: str) -> None:
        key = uuid4().hex
        event = NewEvent(
            source_system="stripe",
            idempotency_key=key,
            route_key=key,
            aggregate_type="stripe_customer",
            aggregate_id=key,
            event_type="stripe.customer.updated",
            payload=body,
            occurred_at=utc_now(),
            metadata={"livemode": True},
        )
        with pool.connection() as conn:
            append(conn, event)

    return step


def _pool(configure: Callable[[Connection], None] | None) -> Pool:
    return open_pool(
        os.environ["DATABASE_URL"],
        application_name="bare",
        configure=configure,
        tested=False,
        autocommit=True,
    )


APPS: dict[str, Callable[[], WSGIApplication]] = {
    "flask": flask_app,
    "nothing": lambda: wsgi_app(nothing()),
    "insert": lambda: wsgi_app(inserting()),
    "append": lambda: wsgi_app(appending()),
}
served = flask_app()


def main() -> None:
    """Serve one of them on the port given; two workers, so many threads each."""
    port, threads, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    taken = listen("127.0.0.1", port)
    web = Web(bind=f"fd://{taken.detach()}", workers=2, threads=threads)
    Server(web, APPS[kind], debug=False).run()


if __name__ == "__main__":
    main()
