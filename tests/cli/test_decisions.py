"""Operators' decisions and the catalog at the command line."""

from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from psycopg import Connection

from events.clock import utc_now
from queries.instants import iso
from tests.handlers.users import joined, row, sold, tell, types_of
from tests.installation import Tenure
from tests.projections.event_builders import customer, stripe, subscription

ADA = "user_ada"
WHY = ("--reason", "they asked")
PRO = """
[plans.pro]
plan_name = "Pro"
campaigns_limit = 5
creators_limit = -1
price_monthly = 4900
"""


@pytest.fixture
def ada(conn: Connection) -> None:
    tell(conn, *sold(), *joined(ADA))


@pytest.mark.usefixtures("ada")
def test_a_trial_is_started_extended_and_ended(tenure: Tenure, conn: Connection) -> None:
    results = [
        tenure("trial", "start", ADA, "--plan", "glow_up", *WHY),
        tenure("trial", "extend", ADA, "--days", "3", *WHY, "--json"),
        tenure("trial", "end", ADA, *WHY),
    ]

    assert [result.exit_code for result in results] == [0, 0, 0]
    assert orjson.loads(results[1].stdout)["trial"] == "extended"
    assert row(conn, ADA)["trial_status"] == "expired"


@pytest.mark.usefixtures("ada")
def test_a_preview_shows_what_is_looked_for(tenure: Tenure) -> None:
    tenure("trial", "start", ADA, "--plan", "glow_up", *WHY)

    def coming(*more: str) -> list[str]:
        preview = orjson.loads(tenure("schedule", "preview", "--days", "60", "--json", *more).stdout)
        return [entry["what"] for entry in preview]

    everything = coming()
    assert {"trial.expired", "usage.reset"} <= set(everything)
    assert set(coming("--what", "trial.expired")) == {"trial.expired"}
    assert "by entitlement.revoked" in tenure("schedule", "preview", "--what", "entitlement.revoked").stdout


@pytest.mark.usefixtures("ada")
def test_a_trial_ended_is_put_back_exactly(tenure: Tenure, conn: Connection) -> None:
    tenure("trial", "start", ADA, "--plan", "glow_up", *WHY)
    before = row(conn, ADA)
    conn.commit()

    ended = orjson.loads(tenure("trial", "end", ADA, *WHY, "--json").stdout)
    meanwhile = row(conn, ADA)
    conn.commit()
    undone = tenure("trial", "extend", ADA, "--until", iso(before["trial_end_date"]), *WHY)

    assert iso(meanwhile["trial_end_date"]) == ended["ends_at"]
    assert undone.exit_code == 0, undone.stderr
    after = row(conn, ADA)
    names = [name for name in before if name not in ("updated_at", "last_event_at")]
    assert [after[name] for name in names] == [before[name] for name in names]


@pytest.mark.usefixtures("ada")
def test_an_earlier_end_is_called_a_shortened_trial(tenure: Tenure) -> None:
    tenure("trial", "start", ADA, "--plan", "glow_up", "--days", "9", *WHY)
    sooner = iso(utc_now() + timedelta(days=2))

    assert "trial shortened" in tenure("trial", "extend", ADA, "--until", sooner, *WHY).stdout


@pytest.mark.usefixtures("ada")
def test_a_plan_that_is_retired_is_granted_with_a_warning(tenure: Tenure, tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(PRO)
    tenure("plans", "publish", str(file), "--yes", "--retire-missing")

    result = tenure("plan", "grant", ADA, "glow_up", *WHY)

    assert result.exit_code == 0
    assert "glow_up is retired" in result.stderr


@pytest.mark.usefixtures("ada")
def test_plans_on_sale_are_a_file_that_changes_nothing(tenure: Tenure, tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(tenure("plans", "list", "--toml").stdout)

    again = tenure("plans", "publish", str(file), "--yes")

    assert "[plans.glow_up]" in file.read_text()
    assert "nothing to publish" in again.stdout


@pytest.mark.usefixtures("ada")
def test_a_trial_of_nothing_names_the_option_that_was_left_out(tenure: Tenure) -> None:
    result = tenure("trial", "start", ADA, *WHY)

    assert result.exit_code == 0
    assert "--plan" in result.stderr
    assert "warning" not in result.stdout


@pytest.mark.usefixtures("ada")
def test_a_plan_is_granted_and_revoked(tenure: Tenure, conn: Connection) -> None:
    assert tenure("plan", "grant", ADA, "glow_up", "--until", "2999-01-01", *WHY).exit_code == 0
    assert row(conn, ADA)["current_plan"] == "glow_up"
    conn.commit()
    assert tenure("plan", "revoke", ADA, *WHY).exit_code == 0
    assert row(conn, ADA)["current_plan"] == "free"


@pytest.mark.usefixtures("ada")
def test_a_customer_is_linked_and_unlinked(tenure: Tenure, conn: Connection) -> None:
    tell(conn, stripe("customer.subscription.created", subscription("active"), at=60))

    assert tenure("link", "add", ADA, "cus_ada", *WHY).exit_code == 0
    assert row(conn, ADA)["subscription_status"] == "active"
    conn.commit()
    assert tenure("link", "remove", ADA, "cus_ada", *WHY).exit_code == 0
    assert row(conn, ADA)["subscription_status"] == "none"


@pytest.mark.usefixtures("ada")
def test_an_administrator_is_made_by_a_named_person(tenure: Tenure, conn: Connection) -> None:
    assert tenure("admin", "grant", ADA, *WHY).exit_code == 0

    query = "SELECT metadata, event_data FROM events WHERE event_type = 'admin.granted'"
    bodies = conn.execute(query).fetchone()
    assert bodies is not None
    assert bodies[0]["actor"].startswith("cli:")
    assert "reason" not in bodies[0]
    assert bodies[1]["decision_reason"] == "they asked"


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("trial", "end", ADA, *WHY), 1),
        (("trial", "start", "user_x", *WHY), 1),
        (("plan", "grant", ADA, "no_such", *WHY), 1),
        (("link", "remove", ADA, "cus_x", *WHY), 1),
        (("link", "add", ADA, "abc", *WHY), 1),
        (("trial", "start", ADA), 2),
        (("trial", "start", ADA, "--reason", " "), 2),
        (("trial", "start", ADA, "--days", "1", "--until", "2999-01-01", *WHY), 2),
        (("plan", "grant", ADA, "glow_up", "--until", "soon", *WHY), 2),
    ],
)
def test_what_can_not_be_done_is_one_line(tenure: Tenure, args: tuple[str, ...], code: int) -> None:
    result = tenure(*args)

    assert result.exit_code == code
    assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "args",
    [
        ("trial", "start", "{}"),
        ("plan", "grant", "{}", "glow_up"),
        ("link", "add", "{}", "cus_x"),
        ("admin", "grant", "{}"),
    ],
)
def test_a_decision_takes_an_address(tenure: Tenure, args: tuple[str, ...]) -> None:
    result = tenure(*(arg.format(f"{ADA}@EXAMPLE.com") for arg in args), *WHY, "--json")

    assert orjson.loads(result.stdout)["user_id"] == ADA


@pytest.mark.usefixtures("ada")
def test_an_address_of_nobody_or_of_several_decides_nothing(tenure: Tenure, conn: Connection) -> None:
    tell(conn, *joined("user_bob"))
    conn.execute("UPDATE users SET email = 'shared@example.com'")
    conn.commit()

    nobody = tenure("admin", "grant", "who@example.com", *WHY)
    several = tenure("admin", "grant", "shared@example.com", *WHY)

    assert (nobody.exit_code, several.exit_code) == (1, 1)
    assert "tenure user create" in nobody.stderr
    assert several.stderr.count("user_") == 2
    assert row(conn, ADA)["is_admin"] is False


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "args", [("plan", "grant", ADA, "glow_up"), ("link", "add", ADA, "cus_x"), ("admin", "grant", ADA)]
)
def test_what_is_so_already_is_said_and_not_appended(
    tenure: Tenure, conn: Connection, args: tuple[str, ...]
) -> None:
    tenure(*args, *WHY)
    types_before = types_of(conn, ADA)
    conn.commit()

    again = tenure(*args, *WHY)

    assert (again.exit_code, again.stdout) == (0, "already so; nothing was changed\n")
    assert orjson.loads(tenure(*args, *WHY, "--json").stdout)["changed"] is False
    assert types_of(conn, ADA) == types_before


def test_customers_of_nobody_are_listed_until_they_are_linked(tenure: Tenure, conn: Connection) -> None:
    strangers = [
        customer(customer_id, metadata={}, email=f"{ADA}@example.com") for customer_id in ("cus_x", "cus_y")
    ]
    tell(conn, *joined(ADA), *(stripe("customer.created", stranger) for stranger in strangers))

    first = orjson.loads(tenure("link", "unlinked", "--limit", "1", "--json").stdout)
    rest = orjson.loads(tenure("link", "unlinked", "--after", first["next"], "--json").stdout)
    assert tenure("link", "add", ADA, "cus_x", *WHY).exit_code == 0
    shown = tenure("link", "unlinked")

    assert ([item["customer_id"] for item in first["items"]], rest["items"][0]["customer_id"]) == (
        ["cus_x"],
        "cus_y",
    )
    assert "cus_y" in shown.stdout
    assert ADA in shown.stdout
    assert "cus_x" not in shown.stdout
    noted = conn.execute("SELECT DISTINCT subject_id FROM access_log").fetchall()
    assert {subject for (subject,) in noted} == {"cus_x", "cus_y", ADA}


def test_a_file_of_plans_is_shown_before_it_is_published(tenure: Tenure, tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(PRO)

    unasked = tenure("plans", "publish", str(file))
    published = tenure("plans", "publish", str(file), "--yes")
    again = tenure("plans", "publish", str(file), "--yes")

    assert unasked.exit_code == 1
    assert "price_monthly" in unasked.stdout
    assert unasked.stderr.strip().endswith("nothing was published; --yes publishes without asking")
    assert "published 1" in published.stdout
    assert "nothing to publish" in again.stdout
    listed = orjson.loads(tenure("plans", "list", "--json").stdout)
    assert [(plan["plan_key"], plan["creators_limit"]) for plan in listed] == [("pro", -1)]


def test_a_slip_of_the_pen_is_one_line(tenure: Tenure, tmp_path: Path) -> None:
    file = tmp_path / "plans.toml"
    file.write_text(PRO.replace("4900", "-4900"))

    result = tenure("plans", "publish", str(file), "--yes")

    assert result.exit_code == 1
    assert "plans.toml: plans.pro: price_monthly" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1


def test_the_default_plans_are_published_once(tenure: Tenure) -> None:
    assert "published 4" in tenure("plans", "defaults").stdout
    assert "already" in tenure("plans", "defaults").stdout


@pytest.mark.usefixtures("ada")
def test_a_customer_nobody_heard_of_is_linked_with_a_warning(tenure: Tenure) -> None:
    result = tenure("link", "add", ADA, "cus_mistyped", *WHY)

    assert result.exit_code == 0
    assert "no event has named cus_mistyped" in result.stderr


def test_a_customer_of_somebody_else_is_taken_with_their_name(tenure: Tenure, conn: Connection) -> None:
    theirs = customer("cus_ada", metadata={"userId": ADA})
    tell(conn, *sold(), *joined(ADA, "user_bob"), stripe("customer.created", theirs))

    result = tenure("link", "add", "user_bob", "cus_ada", *WHY, "--json")

    assert orjson.loads(result.stdout)["taken_from"] == ADA
    assert f"{ADA}'s until now" in orjson.loads(result.stdout)["warning"]


@pytest.mark.usefixtures("ada")
def test_an_end_says_which_end_it_was(tenure: Tenure) -> None:
    started = orjson.loads(tenure("trial", "start", ADA, "--plan", "glow_up", *WHY, "--json").stdout)
    ended = orjson.loads(tenure("trial", "end", ADA, *WHY, "--json").stdout)

    undone = orjson.loads(tenure("trial", "extend", ADA, "--until", ended["was"], *WHY, "--json").stdout)

    assert undone["ends_at"] == ended["was"] == started["ends_at"]
    assert "." not in started["ends_at"]


@pytest.mark.usefixtures("ada")
def test_a_grant_that_gives_less_than_the_subscription_says_so(tenure: Tenure, conn: Connection) -> None:
    tell(conn, stripe("customer.subscription.created", subscription("active"), at=60))
    tenure("link", "add", ADA, "cus_ada", *WHY)

    less = tenure("plan", "grant", ADA, "free", *WHY)
    tenure("plan", "revoke", ADA, *WHY)
    same = tenure("plan", "grant", ADA, "glow_up", *WHY)

    assert (
        "free gives less than glow_up, which the user has by subscription: campaigns 3 instead" in less.stderr
    )
    assert same.stderr == ""
