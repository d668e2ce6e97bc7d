"""Planting a marker everywhere a person's words can come from: webhooks, the API, commands, jobs."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import click
import httpx
import orjson

from cli import main
from database.pool import Connection
from demo.deliveries import DemoDelivery
from demo.sender import Target, post, post_all
from demo.world import DemoPerson, DemoWorld
from events.append import append_all
from events.clock import utc_now
from events.domain import user_event
from outbound.webhooks.enqueue import JOB
from tests.cli.marking import EMAIL, MARKER, NAME, marked, orders, own_facts
from tests.installation import Tenure
from tests.projections import event_builders

# What the commands take beside the user and a reason.
ARGUMENTS = {"plan_key": "glow_up", "customer_id": "cus_third", "column": "email"}
NOT_PLANTED = {
    "privacy erase": "refuses such a reason; tested below",
    "audit evidence": "writes files, which are their owner's to delete",
}
AFTER_THE_API = ("trial", "start")  # is refused: the API started one
CREATED = {
    "/api/campaigns": "campaign_id",
    "/api/jobs": "job_id",
    "/api/lists": "list_id",
    "/api/lists/{list_id}/items": "item_id",
}
LAST = ("/complete", "/fail")


def planted_deliveries(world: DemoWorld) -> list[DemoDelivery]:
    """What the demo's providers send about its one person, with the marker; the sign-up comes first."""
    return [
        replace(delivery, event=event, body=orjson.dumps(event))
        for delivery in world.deliveries
        if delivery.event_type != "user.deleted" and (event := marked(delivery.event))
    ]


def plant_webhooks(doors: Target, planted: list[DemoDelivery], ada: DemoPerson) -> None:
    """All of them, through the doors; one of an organisation, a conflict, bytes that are no JSON."""
    of_a_member = {"id": "om_1", "organization": {"id": "org_1"}, "note": EMAIL}
    shared = event_builders.clerk("organizationMembership.created", of_a_member, at=1)
    assert shared.payload is not None
    member = json.loads(shared.payload)
    of_organisation = DemoDelivery(
        "clerk", "msg_member", member["type"], utc_now(), orjson.dumps(member), member
    )
    post_all(doors, [*planted, of_organisation], on_progress=lambda _: None)
    assert (
        post(doors, replace(planted[0], body=orjson.dumps(planted[0].event | {"other": NAME}))) == "conflict"
    )
    assert post(doors, replace(planted[0], message_id="msg_x", body=f'["{NAME}", "{ada.user_id}"'.encode()))
    unsigned = doors.client.post("/webhooks/stripe", content=json.dumps({"email": EMAIL}))
    assert unsigned.status_code == httpx.codes.BAD_REQUEST


def plant_own_events(conn: Connection, ada: DemoPerson) -> None:
    events = [
        user_event(
            fact,
            user_id=ada.user_id,
            now=event_builders.instant(number),
            idempotency_key=f"planted:{fact.event_type}",
            reason=f"{NAME} asked",
        )
        for number, fact in enumerate(own_facts())
    ]
    append_all(conn, events)
    conn.commit()


def plant_orders(client: httpx.Client, ada: DemoPerson) -> None:
    """Every command of the API, twice, since a job has one end; and each as a request that is refused."""
    document = client.get("/openapi.json").json()
    done: set[tuple[str, str]] = set()
    needed: set[tuple[str, str]] = set()
    for ends in (LAST, LAST[::-1]):
        ids = {"user_id": ada.user_id}
        every = list(orders(document, ids))
        for method, path, body in sorted(every, key=lambda order: _turn(order[1], ends)):
            place = path.format(**ids)
            body |= {name: ids[name] for name in body.keys() & ids.keys()}
            refused = client.request(method, place, json=body | {MARKER: EMAIL})
            assert refused.status_code == httpx.codes.BAD_REQUEST, refused.text
            answer = client.request(method, place, json=body)
            assert answer.status_code in (200, 201, 202, 409), answer.text
            if path in CREATED and answer.is_success:
                ids[CREATED[path]] = answer.json().get(CREATED[path], answer.json()["id"])
            needed.add((method, path))
            done |= {(method, path)} if answer.is_success else set()
    assert needed == done, needed - done
    for path in (
        f"/api/users/{ada.user_id}",
        f"/api/users?email={EMAIL}",
        f"/api/users/{ada.user_id}/history",
    ):
        assert client.get(path).status_code == httpx.codes.OK


def _turn(path: str, ends: tuple[str, ...]) -> int:
    """What is made comes first, then what begins it, and what ends it last."""
    if path in CREATED:
        return list(CREATED).index(path)
    end = next((number for number, end in enumerate(ends) if path.endswith(end)), None)
    return 20 + end if end is not None else 10 - path.endswith("/start")


def reasoned(
    group: click.Command = main, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command about a user that takes a reason."""
    if isinstance(group, click.Group):
        ctx = click.Context(group)
        for name in group.list_commands(ctx):
            if inner := group.get_command(ctx, name):
                yield from reasoned(inner, (*path, name))
    elif {"reason", "identifier"} <= {parameter.name for parameter in group.params} and " ".join(
        path
    ) not in NOT_PLANTED:
        yield path, group


def plant_decisions(tenure: Tenure, ada: DemoPerson) -> None:
    """Each command that takes a reason, with the marker in it."""
    for path, command in reasoned():
        argument_names = [one.name for one in command.params if isinstance(one, click.Argument)]
        values = ARGUMENTS | {"identifier": ada.user_id}
        done = tenure(*path, *[values[name or ""] for name in argument_names], "--reason", f"{NAME} asked")
        assert done.exit_code == (path == AFTER_THE_API), (path, done.output)


def plant_jobs(conn: Connection, ada: DemoPerson, outbox: Path, tenure: Tenure) -> None:
    """Jobs with errors, one cancelled for a reason, mail in the outbox, errors of the schedule."""
    outbox.mkdir(exist_ok=True)
    ids = [uuid4(), uuid4()]
    for job_id, name in zip(ids, ("email", JOB), strict=True):
        about = {"user_id": ada.user_id, "occasion": "welcome", "instance": "1", "about": {"note": MARKER}}
        body = json.dumps(about)
        conn.execute(
            "INSERT INTO background_jobs"
            " (id, type, payload, result, error, max_retries, scheduled_for, created_at, updated_at)"
            " VALUES (%s, %s, %s, %s, %s, 3, now() + interval '1 day', now(), now())",
            [job_id, name, body, body, f"550 {EMAIL}"],
        )
        (outbox / f"{job_id}.eml").write_text(f"To: {NAME} <{EMAIL}>\n\nHello {NAME}")
    failed = f"ValueError: {EMAIL}"
    conn.execute("INSERT INTO schedule_runs (name, error, result) VALUES ('x', %s, %s)", [failed, "{}"])
    conn.commit()
    cancelled = tenure("jobs", "cancel", str(ids[0]), "--reason", f"{NAME} asked")
    assert cancelled.exit_code == 0, cancelled.output
