"""The server that `tenure serve` runs, with a Flask app that only answers."""

import sys

from flask import Flask, Response, request

from service.sockets import listen
from service.web.server import Server, Web

ANSWER = b'{"status": "appended"}\n'


def flask_app() -> Flask:
    """Reads the body and answers."""
    bare = Flask("bare")

    @bare.post("/bare")
    def receive() -> Response:
        request.get_data()
        return Response(ANSWER, mimetype="application/json")

    return bare


served = flask_app()


def main() -> None:
    """Serve it on `port` with two workers of `threads` threads each."""
    port, threads = int(sys.argv[1]), int(sys.argv[2])
    listener = listen("127.0.0.1", port)
    web = Web(bind=f"fd://{listener.detach()}", workers=2, threads=threads)
    Server(web, flask_app, debug=False).run()


if __name__ == "__main__":
    main()
