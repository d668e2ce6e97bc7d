"""The web application for any WSGI server: `gunicorn wsgi:app`."""

from cli.application import PerProcess, build
from cli.wiring import service_settings

app = PerProcess(lambda: build(service_settings()))
