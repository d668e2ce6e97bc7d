"""A list that repeats a page is given up, not read for ever."""

from datetime import UTC, datetime

import pytest

from providers.reconcile import clerk_api
from providers.reconcile.clerk_api import ClerkApi
from providers.reconcile.errors import ProviderAway
from providers.reconcile.stripe_api import StripeApi
from tests.doubles import clerk, stripe
from tests.doubles.http import Asked, Double, Replied, serving

NOW = datetime(2026, 1, 5, tzinfo=UTC)


def test_a_clerk_api_that_ignores_the_offset_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clerk_api, "PAGE", 3)
    monkeypatch.setattr(clerk_api, "OVERLAP", 1)
    users = [{"id": f"user_{number}"} for number in range(3)]
    with (
        serving(Double(lambda _: Replied(200, users), now=lambda: NOW)) as double,
        ClerkApi(clerk.KEY, base=double.url + "/v1", clock=lambda: NOW) as api,
        pytest.raises(ProviderAway, match="same page again"),
    ):
        list(api.pages())


def test_a_stripe_list_that_goes_on_behind_its_last_object_is_given_up() -> None:
    def answer(_: Asked) -> Replied:
        return Replied(
            200, {"object": "list", "has_more": True, "data": [{"id": "evt_1", "object": "event"}]}
        )

    with serving(Double(answer, now=lambda: NOW)) as double:
        api = StripeApi(stripe.KEY, base=double.url, clock=lambda: NOW)
        with pytest.raises(ProviderAway, match="none after the last object"):
            list(api.pages("/v1/events"))
