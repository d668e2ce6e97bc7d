"""`tenure serve`: the web server: webhook endpoints, API, console."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from wsgiref.types import WSGIApplication

import click

from cli.terminal import echo
from database.errors import DatabaseUnavailable
from service.sockets import listen, url
from service.wiring import refuse_unfit, server, service_settings
from settings import Settings

host_option = click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 for every interface.",
)
port_option = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 for a free one.",
)
workers_option = click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Number of worker processes."
)
threads_option = click.option(
    "--threads",
    type=click.IntRange(1, 128),
    default=8,
    show_default=True,
    help="Number of threads per process.",
)


@click.command()
@host_option
@port_option
@workers_option
@threads_option
@click.option("--fd", type=click.IntRange(min=3), hidden=True, help="Descriptor of a listening socket.")
@click.option("--follow", is_flag=True, hidden=True, help="Stop when stdin closes.")
def serve(*, host: str, port: int, workers: int, threads: int, fd: int | None, follow: bool) -> None:
    """Run the web part only: webhook endpoints, API, console.

    Run `tenure work` beside it to keep the tables up to date.
    """
    from service.web.server import Server, Web  # gunicorn is slow to import and no other command needs it
    from service.web.server_counts import counts_directory

    settings = service_settings()
    listener = None if fd is not None else listen(host, port)
    bind = f"fd://{fd if listener is None else listener.fileno()}"
    web = Web(bind=bind, workers=workers, threads=threads, follow=follow)
    # Workers attach to an embedded server; it must not stop with the first of them.
    with server(settings) as conninfo, counts_directory() as counts:
        with suppress(DatabaseUnavailable):  # endpoints answer 503 until it is up
            refuse_unfit(conninfo)
        if listener is not None:
            echo(f"listening on {url(host, listener)}", err=True)
            listener.detach()
        Server(web, partial(_app, settings, counts), debug=settings.log_level == "DEBUG").run()


def _app(settings: Settings, counts: Path | None) -> WSGIApplication:
    """Build the app in a worker after the fork, since a pool belongs to its process."""
    from service.web import reserved_counts

    reserved_counts.install()
    from service.application import build

    return build(settings, counts=counts)
