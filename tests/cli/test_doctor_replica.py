"""The doctor looks at the replica of auditors."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from cli.doctor.checks_replica import replica_checks
from cli.doctor.findings import DoctorFinding
from database import migrations
from database.embedded import EmbeddedServer
from database.pool import Connection, connect
from settings import Settings
from tests.installation import as_url
from tests.replicas import streaming_replica


@pytest.fixture
def primary(own_server: EmbeddedServer) -> Iterator[Connection]:
    migrations.up(own_server.conninfo)
    with closing(connect(own_server.conninfo, application_name="test", autocommit=True)) as conn:
        yield conn


def examined(primary: Connection, conninfo: str) -> dict[str, DoctorFinding]:
    settings = Settings(_env_file=None, database_replica_url=SecretStr(as_url(conninfo)))
    return {finding.check: finding for finding in replica_checks(primary, settings)}


def test_each_thing_wrong_with_a_replica_is_found(own_server: EmbeddedServer, primary: Connection) -> None:
    with streaming_replica(own_server) as replica:
        replica.caught_up_with(own_server.conninfo)
        sound = examined(primary, replica.conninfo)
        replica.pause()
        primary.execute("UPDATE part_heads SET head = 3 WHERE part = 0")
        paused = examined(primary, replica.conninfo)
    away = examined(primary, replica.conninfo)

    assert [finding.severity for finding in sound.values()] == ["ok", "ok"]
    assert (paused["replica lag"].severity, paused["replica lag"].found) == (
        "warn",
        "3 events behind, replay is paused",
    )
    assert (away["replica"].severity, away["replica"].fix.split(",")[0]) == ("fail", "start it")


def test_a_server_that_replays_nothing_is_no_replica(own_server: EmbeddedServer, primary: Connection) -> None:
    findings = examined(primary, own_server.conninfo)

    assert findings["replica"].severity == "fail"
    assert "not in recovery" in findings["replica"].found


def test_another_log_is_no_replica_of_this_one(primary: Connection, conn: Connection, conninfo: str) -> None:
    conn.execute("UPDATE part_heads SET head = 7 WHERE part = 0")
    conn.commit()

    findings = examined(primary, conninfo)

    assert findings["replica"].severity == "fail"
    assert "has events that the primary lacks" in findings["replica"].found
