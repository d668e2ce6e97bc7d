"""Doors on their own: an app with both, over the pool a test chooses."""

from collections.abc import Callable
from typing import NoReturn, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.webhooks.signing import (
    CLERK_OLD_SECRET,
    CLERK_SECRET,
    NOW,
    STRIPE_OLD_SECRET,
    STRIPE_SECRET,
)
from webhooks import Delivery, clerk_endpoint, stripe_endpoint
from webhooks.store import Pool


class UntouchablePool:
    """A pool that fails the test as soon as anybody looks at it."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"the database was asked: pool.{name}")


Doors = Callable[..., FlaskClient]


@pytest.fixture
def observed() -> list[Delivery]:
    """What the doors told their observer."""
    return []


@pytest.fixture
def doors(observed: list[Delivery]) -> Doors:
    """A client for both doors over a pool."""

    def build(
        pool: object,
        *,
        stripe: tuple[str, ...] = (STRIPE_SECRET, STRIPE_OLD_SECRET),
        clerk: tuple[str, ...] = (CLERK_SECRET, CLERK_OLD_SECRET),
    ) -> FlaskClient:
        def observe(delivery: Delivery, seconds: float) -> None:
            observed.append(delivery)

        app = Flask(__name__)
        typed_pool = cast("Pool", pool)
        app.register_blueprint(stripe_endpoint(typed_pool, stripe, lambda: NOW, observe=observe).blueprint())
        app.register_blueprint(clerk_endpoint(typed_pool, clerk, lambda: NOW, observe=observe).blueprint())
        return app.test_client()

    return build


@pytest.fixture
def guarded(doors: Doors) -> FlaskClient:
    """Both doors, with a database that must not be asked."""
    return doors(UntouchablePool())
