"""Configuration is typed, checked and a fact; running processes take it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest

from database.pool import Connection, Pool
from handlers.configuration import (
    Configuration,
    LevelInForce,
    configured,
    entries,
    log_levels,
    set_log_level,
    set_value,
)
from handlers.configuration_keys import KNOWN, ConfigurationRefused, guessed_type, seconds_of, value_text
from handlers.configuration_watch import ConfigurationWatch
from projections import configuration as projection
from projections.runner import Runner
from tests.jobs.shop import worker_connection

pytestmark = pytest.mark.usefixtures("live_events_only")

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
TABLES = (
    "SELECT * FROM system_configurations ORDER BY category, key",
    "SELECT * FROM logging_configurations ORDER BY logger",
)


def _set(conn: Connection, name: str, text: str, *, now: datetime = NOW, **options: object) -> bool:
    category, _, key = name.partition(".")
    _, changed = set_value(conn, category, key, text, now=now, actor="op", **options)  # type: ignore[arg-type]
    conn.commit()
    return changed


def _project(conninfo: str) -> None:
    Runner(lambda: worker_connection(conninfo)).drain()


def _tables(conn: Connection) -> list[object]:
    results: list[object] = [conn.execute(query).fetchall() for query in TABLES]
    conn.rollback()
    return results


@pytest.mark.parametrize(
    ("name", "text", "range_"),
    [
        ("trial.duration_days", "0", "a whole number from 1 to 365"),
        ("trial.duration_days", "366", "a whole number from 1 to 365"),
        ("trial.duration_days", "7.5", "a whole number from 1 to 365"),
        ("trial.duration_days", "true", "a whole number from 1 to 365"),
        ("trial.duration_days", "seven", "a whole number from 1 to 365"),
        ("trial.duration_days", "1e400", "a whole number from 1 to 365"),
        ("jobs.keep", "1h", "a duration from 1d to 3650d"),
        ("jobs.keep", "30", "a duration from 1d to 3650d"),
        ("email.from_address", "a@b.example\r\nBcc: x@y.example", "an ASCII e-mail address"),
        ("email.billing_url", "javascript:alert(1)", "an http\\(s\\) URL"),
        ("email.is_enabled", "maybe", "true or false"),
    ],
)
def test_value_outside_the_range_is_refused_with_the_range(
    conn: Connection, name: str, text: str, range_: str
) -> None:
    with pytest.raises(ConfigurationRefused, match=range_):
        _set(conn, name, text)
    assert conn.execute("SELECT count(*) FROM events").fetchone() == (0,)


def test_misspelt_key_of_ours_is_refused_with_the_one_meant(conn: Connection) -> None:
    with pytest.raises(ConfigurationRefused, match=r"did you mean trial\.duration_days"):
        _set(conn, "trial.duration_day", "7")


@pytest.mark.parametrize("name", ["Trial.x", "a b.c", "a.", "a.b/c", "x" * 65 + ".y"])
def test_odd_names_are_refused(conn: Connection, name: str) -> None:
    with pytest.raises(ConfigurationRefused, match="expected lower-case letters"):
        _set(conn, name, "1")


def test_keys_of_other_programs_are_kept_with_the_type_they_look_like(
    conn: Connection, conninfo: str
) -> None:
    for key, text in (("a", "12"), ("b", "15m"), ("c", "true"), ("d", "hello"), ("e", '{"x": [1]}')):
        _set(conn, f"scraping.{key}", text)
    _project(conninfo)

    values = {e.key: (e.value, e.value_type) for e in entries(conn) if e.category == "scraping"}
    assert values == {
        "a": (12, "number"),
        "b": (900, "duration"),
        "c": (True, "boolean"),
        "d": ("hello", "string"),
        "e": ({"x": [1]}, "json"),
    }


def test_type_of_another_programs_key_stays_once_set(conn: Connection, conninfo: str) -> None:
    _set(conn, "scraping.region", "US")
    _project(conninfo)

    _set(conn, "scraping.region", "12")
    _project(conninfo)

    assert configured(conn, "scraping", "region") == "12"


def test_default_holds_until_an_event_says_otherwise(conn: Connection, conninfo: str) -> None:
    before = configured(conn, "trial", "duration_days")
    _set(conn, "trial.duration_days", "14")
    _project(conninfo)

    assert (before, configured(conn, "trial", "duration_days")) == (7, 14)


def test_same_value_again_is_no_new_fact(conn: Connection, conninfo: str) -> None:
    first = _set(conn, "trial.duration_days", "14")
    _project(conninfo)
    second = _set(conn, "trial.duration_days", "14")

    assert (first, second) == (True, False)
    assert conn.execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_actor_and_reason_are_on_the_fact(conn: Connection) -> None:
    _set(conn, "trial.duration_days", "14", reason="spring sale")

    row = conn.execute("SELECT metadata ->> 'actor', metadata ->> 'reason', route_key FROM events")
    assert row.fetchone() == ("op", "spring sale", "system")


def test_last_committed_word_wins_whatever_the_clocks_said(conn: Connection, conninfo: str) -> None:
    _set(conn, "trial.duration_days", "14")
    _set(conn, "trial.duration_days", "21", now=NOW - timedelta(hours=1))
    _project(conninfo)

    assert configured(conn, "trial", "duration_days") == 21


def test_rebuilt_tables_are_the_same_to_the_byte(conn: Connection, conninfo: str) -> None:
    for hour, text in enumerate(("14", "21", "14")):
        _set(conn, "trial.duration_days", text, now=NOW + timedelta(hours=hour))
        set_log_level(conn, "root", "DEBUG", now=NOW, actor="op", until=NOW + timedelta(hours=hour))
        conn.commit()
        _project(conninfo)
    live = _tables(conn)

    with conn.transaction():
        row = conn.execute("SELECT max(head) FROM part_heads").fetchone()
        assert row is not None
        projection.rebuild(conn, row[0])

    assert _tables(conn) == live


def test_unreadable_fact_of_a_newer_service_stops_nobody(conn: Connection, conninfo: str) -> None:
    settings = [
        projection.Setting(1, 0, "configuration.changed", '{"category": 7}'),
        projection.Setting(2, 0, "configuration.changed", '{"category":"a","key":"b","value":null}'),
        projection.Setting(3, 0, "logging.changed", '{"logger":"x","level":"INFO","until":"never"}'),
        projection.Setting(4, 0, "logging.silenced", "{}"),
    ]

    assert list(projection.rows_of(settings)) == []


def test_stored_value_this_version_forbids_gives_the_default() -> None:
    assert Configuration({("trial", "duration_days"): 9_999}).get("trial", "duration_days") == 7
    assert Configuration({("trial", "duration_days"): "x"}).get("trial", "duration_days") == 7


def test_every_known_key_has_a_default_it_allows() -> None:
    for setting in KNOWN.values():
        assert setting.check(setting.default), setting.description


def test_durations_read_and_tell_the_same() -> None:
    assert [value_text(seconds_of(text), "duration") for text in ("90s", "15m", "12h", "30d", "0s")] == [
        "90s",
        "15m",
        "12h",
        "30d",
        "0s",
    ]
    assert guessed_type("1.5") == "number"


def test_log_level_ends_when_its_time_is_over(conn: Connection, conninfo: str) -> None:
    until = NOW + timedelta(minutes=30)
    set_log_level(conn, "tenure.work", "DEBUG", now=NOW, actor="op", until=until)
    conn.commit()
    _project(conninfo)

    assert log_levels(conn, now=until - timedelta(seconds=1)) == [LevelInForce("tenure.work", "DEBUG", until)]
    assert log_levels(conn, now=until) == []


@pytest.mark.parametrize(("logger", "level"), [("root", "LOUD"), ("", "INFO"), ("a b", "INFO")])
def test_odd_loggers_and_levels_are_refused(conn: Connection, logger: str, level: str) -> None:
    with pytest.raises(ConfigurationRefused):
        set_log_level(conn, logger, level, now=NOW, actor="op")


def test_watch_takes_hot_values_and_leaves_the_others(conn: Connection, conninfo: str, pool: Pool) -> None:
    watch = ConfigurationWatch(pool.connection, clock=lambda: NOW)
    watch.look(conn)
    _set(conn, "trial.duration_days", "14")
    _set(conn, "jobs.threads", "4")
    _project(conninfo)

    watch.look(conn)

    assert watch.values.get("trial", "duration_days") == 14
    assert watch.values.get("jobs", "threads") == 2


def test_watch_applies_levels_and_takes_them_back_in_time(
    conn: Connection, conninfo: str, pool: Pool
) -> None:
    applied: list[Mapping[str, str]] = []
    now = [NOW]
    watch = ConfigurationWatch(pool.connection, clock=lambda: now[0], apply_levels=applied.append)
    set_log_level(conn, "root", "DEBUG", now=NOW, actor="op", until=NOW + timedelta(minutes=1))
    conn.commit()
    _project(conninfo)

    watch.look(conn)
    watch.look(conn)
    now[0] += timedelta(minutes=1)
    watch.look(conn)

    assert applied == [{"root": "DEBUG"}, {}]


def test_a_watch_ends_with_its_pool(pool: Pool) -> None:
    pool.close()

    thread = ConfigurationWatch(pool.connection, clock=lambda: NOW, every_s=0.01).start(Event())
    thread.join(10)

    assert not thread.is_alive()
