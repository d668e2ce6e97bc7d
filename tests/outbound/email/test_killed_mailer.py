"""kill -9 while the mail server is taking a message: nobody gets it twice, and somebody is told."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from database.pool import Connection
from jobs import listed, retry
from outbound.email import Smtp
from tests.jobs.shop import NOW, Clock, states
from tests.outbound.email.conftest import MailServer
from tests.outbound.email.post import mail_event_types, person, schedule, send

ROOT = Path(__file__).parents[3]
WORKER = """
import sys
from outbound.email import Smtp
from tests.outbound.email.post import send
send(sys.argv[1], Smtp(sys.argv[2]))
"""


def test_message_of_a_killed_worker_is_not_sent_again_unless_somebody_says_so(
    conn: Connection, conninfo: str, mail_server: MailServer
) -> None:
    person(conn, "hang@example.com")
    schedule(conninfo)
    worker = subprocess.Popen([sys.executable, "-c", WORKER, conninfo, mail_server.url], cwd=ROOT)
    first = mail_server.received(wait_s=15, enough=1)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    clock = Clock()
    for _ in range(3):
        clock.pass_s(3_600)
        send(conninfo, Smtp(mail_server.url, timeout_s=1), clock=clock)
    again = mail_server.received()

    (job,) = listed(conn)
    assert (len(first), again) == (1, [])
    assert states(conninfo) == [("dead", 1)]
    assert job.error is not None
    assert "may have been sent" in job.error
    assert mail_event_types(conn) == ["email.scheduled", "email.failed"]
    retry(conn, job.id, now=NOW)
    conn.commit()
    send(conninfo, Smtp(mail_server.url, timeout_s=1), clock=clock)
    assert len(mail_server.received()) == 1
