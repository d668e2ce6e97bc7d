"""`tenure serve`: the web server alone: doors, API, console."""

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
    "--host", default="127.0.0.1", show_default=True, help="0.0.0.0 for every interface."
)
port_option = click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: a free one."
)
workers_option = click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes."
)
threads_option = click.option(
    "--threads", type=click.IntRange(1, 128), default=8, show_default=True, help="In each process."
)


@click.command()
@host_option
@port_option
@workers_option
@threads_option
@click.option("--fd", type=click.IntRange(min=3), hidden=True, help="A socket that listens.")
@click.option("--follow", is_flag=True, hidden=True, help="Stop when stdin closes.")
def serve(*, host: str, port: int, workers: int, threads: int, fd: int | None, follow: bool) -> None:
    """Run the web part only: webhook endpoints, API, console.

    `tenure work` keeps the tables up to date beside it.
    """
    from service.web.server import Server, Web  # gunicorn is slow to import and no other command needs it
    from service.web.server_counts import counts_directory

    settings = service_settings()
    taken = None if fd is not None else listen(host, port)
    bind = f"fd://{fd if taken is None else taken.fileno()}"
    web = Web(bind=bind, workers=workers, threads=threads, follow=follow)
    # Workers join an embedded server; it must not stop with the first of them.
    with server(settings) as conninfo, counts_directory() as counts:
        with suppress(DatabaseUnavailable):  # doors answer 503 until it is there
            refuse_unfit(conninfo)
        if taken is not None:
            echo(f"listening on {url(host, taken)}", err=True)
            taken.detach()
        Server(web, partial(_app, settings, counts), debug=settings.log_level == "DEBUG").run()


def _app(settings: Settings, counts: Path | None) -> WSGIApplication:
    """In a worker, after the fork: its pool is its own."""
    from service.web import reserved_counts

    reserved_counts.install()
    from service.application import build

    return build(settings, counts=counts)
