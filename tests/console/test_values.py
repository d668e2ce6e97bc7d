"""Values as people read them, and shapes of pictures, without a page around them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from console.charts import areas, bars
from console.event_summary import gist
from console.filters import cell, instant, span
from console.json_text import MAX_CHARS, pretty
from queries.money import money

AT = datetime(2026, 3, 3, 12, 0, 0, 1, UTC)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (9900, "usd", "99.00 USD"),
        (-5, "eur", "-0.05 EUR"),
        (500, "JPY", "500 JPY"),
        (1_234_567, "kwd", "1 234.567 KWD"),
        (0, "usd", "0.00 USD"),
        (10**18, "usd", "10 000 000 000 000 000.00 USD"),
    ],
)
def test_money_is_exact_in_its_own_decimals(minor: int, currency: str, text: str) -> None:
    assert money(minor, currency).replace("\u202f", " ").replace("\u00a0", " ") == text


def plain(markup: Markup) -> str:
    """The text without tags, entities undone, blanks outside strings gone."""
    return Markup(markup).striptags()


@pytest.mark.parametrize(
    "body",
    [
        '{"a":1.10,"b":1E400,"c":[],"d":{},"e":[1,{"f":null}],"g":"\\u0000<b>","h":-0}',
        "[]",
        '{"a":"' + '\\"' * 50 + '"}',
        '"unended',
        "{,:]}",
        "",
    ],
)
def test_body_keeps_every_token_as_it_came(body: str) -> None:
    shown = pretty(body)

    assert "<b>" not in shown
    assert plain(shown).replace(" ", "").replace("\n", "") == body.replace(" ", "")


@given(st.text(max_size=200))
def test_any_text_is_escaped(text: str) -> None:
    shown = str(pretty(text))
    for tag in ('<span class="j-key">', '<span class="j-text">', '<span class="j-number">', "</span>"):
        shown = shown.replace(tag, "")

    assert "<" not in shown.replace('<span class="j-word">', "")


def test_very_long_body_is_shown_as_it_is() -> None:
    text = "[" + "1," * MAX_CHARS + "1]"

    assert pretty(text) == text


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, "email", "—"),
        (True, "is_admin", "yes"),
        (-1, "plan_creators_limit", "unlimited"),
        (-1, "usage_campaigns_current", "-1"),
        (2030, "card_exp_year", "2030"),
        (12_345, "usage_creators_current_month", "12 345"),
        ("", "email", "empty"),
        ("<b>", "email", "<b>"),
        ("active", "subscription_status", "active"),
        ({"a_b": -1, "c": False}, "plan_features", "a b unlimitedc no"),
        (1.5, "x", "1.5"),
        ("2026-03-03T12:00:00.5+00:00", "attempted_at", "2026-03-03 12:00:00"),
        ("2026-03-03T12:00:00Z", "reason", "2026-03-03T12:00:00Z"),
        ("soon<", "sent_at", "soon<"),
        ({"sent_at": "2026-03-03T12:00:00Z"}, "x", "sent at 2026-03-03 12:00:00"),
    ],
)
def test_cell_says_its_value(value: object, column: str, text: str) -> None:
    assert cell(value, column).striptags().replace("\u202f", " ") == text


def test_instant_is_exact_for_machines_and_short_for_people() -> None:
    shown = instant(AT)

    assert 'datetime="2026-03-03T12:00:00.000001Z"' in shown
    assert ">2026-03-03 12:00:00<" in shown


@pytest.mark.parametrize(("length", "text"), [(0, "0 s"), (61, "1 min"), (7_200, "2 h"), (200_000, "2 d")])
def test_span_has_one_unit(length: int, text: str) -> None:
    assert span(timedelta(seconds=length)) == text


@pytest.mark.parametrize("body", ["[]", '{"data": 1}', '{"data": {"object": []}}', "not json", None])
def test_body_of_another_shape_has_no_gist(body: str | None) -> None:
    assert gist({"event_data": body, "source_system": "stripe"}) == []


def test_gist_says_amounts_as_money() -> None:
    body = '{"data":{"object":{"object":"invoice","id":"in_1","amount_paid":500,"currency":"jpy"}}}'

    assert ("amount paid", "500\u00a0JPY") in gist({"event_data": body, "source_system": "stripe"})


def test_areas_are_stacked_to_the_sum() -> None:
    chart = areas({"active": [1, 2], "canceled": [3, 2]}, labels=["a", "b"], at=[1.0, 2.0])

    lower, upper = (float(layer.points.split()[0].split(",")[1]) for layer in chart.layers)
    assert upper < lower
    assert chart.y_ticks[-1][1] == "4"
    assert [layer.last for layer in chart.layers] == [2, 2]


def test_chart_sets_thousands_apart_as_the_legend_does() -> None:
    chart = bars({"x": [3_000]}, labels=["a"], at=[1.0])

    assert "2\u202f000" in [text for _, text in chart.y_ticks]


def test_charts_of_nothing_are_charts() -> None:
    assert areas({}, labels=[], at=[]).layers == []
    assert bars({"x": [0, 0]}, labels=["a", "b"], at=[1, 2]).layers[0].bars == []
