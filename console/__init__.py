"""The web console: Jinja templates, vendored static files."""

from console.blueprint import create_console
from console.deps import SignInThrottle

__all__ = ["SignInThrottle", "create_console"]
