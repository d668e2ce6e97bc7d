"""The web application for any WSGI server: `gunicorn wsgi:app`."""

from service.application import PerProcess, build
from service.wiring import service_settings

app = PerProcess(lambda: build(service_settings()))
