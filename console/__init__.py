"""Pages for people: Jinja templates, vendored static files."""

from console.blueprint import create_console
from console.deps import Throttle

__all__ = ["Throttle", "create_console"]
