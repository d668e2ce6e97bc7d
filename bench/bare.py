"""A bare Flask POST on the very server that `tenure serve` runs: what HTTP and Flask alone cost."""

import sys

from flask import Flask, Response, request

from cli.sockets import listen
from cli.web import Server, Web


def app() -> Flask:
    """Reads the body, answers; knows nothing else."""
    bare = Flask("bare")

    @bare.post("/bare")
    def receive() -> Response:
        request.get_data()
        return Response('{"status": "appended"}\n', mimetype="application/json")

    return bare


served = app()


def main() -> None:
    """Serve on the port given; two workers, eight threads each, unless said otherwise."""
    port, threads = int(sys.argv[1]), int(sys.argv[2])
    taken = listen("127.0.0.1", port)
    Server(Web(bind=f"fd://{taken.detach()}", workers=2, threads=threads), app, debug=False).run()


if __name__ == "__main__":
    main()
