"""Campaigns, jobs, lists and the dashboard over HTTP."""

from typing import Any

import pytest
from psycopg import Connection

from tests.api.conftest import Answer, Caller, access_log
from tests.handlers.users import joined, sold, tell

ADA, BOB = "user_ada", "user_bob"


@pytest.fixture(autouse=True)
def people(conn: Connection[Any]) -> None:
    tell(conn, *sold(campaigns=2, creators=5), *joined(ADA, BOB))


def post(caller: Caller, path: str, user: str = ADA, *, key: str | None = None, **body: Any) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    return caller.ask("POST", f"/api/{path}", json={"user_id": user} | body, headers=headers)


def created_id(answer: Answer) -> str:
    assert answer.status_code in (200, 201), answer.json
    return str(answer.json["id"])


def campaign(caller: Caller, user: str = ADA, **body: Any) -> str:
    return created_id(post(caller, "campaigns", user, name="Tea", **body))


def running_job(caller: Caller, **body: Any) -> str:
    job = created_id(post(caller, "jobs", **body))
    created_id(post(caller, f"jobs/{job}/start"))
    return job


def test_a_campaign_is_made_read_changed_and_archived(service: Caller) -> None:
    one = campaign(service, search_type="tiktok-keyword")
    read = service.get(f"/api/campaigns/{one}?user_id={ADA}")
    changed = service.patch(
        f"/api/campaigns/{one}", {"user_id": ADA, "name": "Gin"}, headers={"If-Match": read.headers["ETag"]}
    )
    archived = post(service, f"campaigns/{one}/actions", action="archive")

    assert (read.json["status"], read.headers["ETag"]) == ("draft", '"1"')
    assert (changed.json["version"], archived.json["status"], archived.json["version"]) == (2, "archived", 3)
    page = service.get(f"/api/campaigns?user_id={ADA}&status=archived").json
    assert [(row["name"], row["search_type"]) for row in page["items"]] == [("Gin", "tiktok-keyword")]
    assert (page["total"], page["total_is_estimate"]) == (1, False)


def test_over_the_limit_is_a_409_that_says_what_remains(service: Caller) -> None:
    for _ in range(2):
        campaign(service)

    refused = post(service, "campaigns", name="Tea")

    assert refused.status_code == 409
    assert refused.json["type"] == "urn:tenure:problem:limit-exceeded"
    assert (refused.json["metric"], refused.json["remaining"]) == ("campaigns", 0)


def test_an_older_version_is_a_412_by_header_and_a_409_by_body(service: Caller) -> None:
    one = campaign(service)
    path = f"/api/campaigns/{one}"
    service.patch(path, {"user_id": ADA, "name": "Gin"})

    by_header = service.patch(path, {"user_id": ADA, "name": "Rum"}, headers={"If-Match": '"1"'})
    by_body = service.patch(path, {"user_id": ADA, "name": "Rum", "version": 1})
    no_tag = service.patch(path, {"user_id": ADA, "name": "Rum"}, headers={"If-Match": "yesterday"})

    assert (by_header.status_code, by_body.status_code, no_tag.status_code) == (412, 409, 400)
    assert (by_body.json["expected"], by_body.json["found"]) == (1, 2)


def test_a_step_out_of_turn_says_which_states_would_do(service: Caller) -> None:
    one = campaign(service)

    refused = post(service, f"campaigns/{one}/actions", action="complete")

    assert refused.status_code == 409
    assert (refused.json["state"], refused.json["allowed"]) == ("draft", ["active"])
    assert "found one that is draft" in refused.json["detail"]


def test_the_same_key_gives_the_same_answer_and_another_body_a_conflict(service: Caller) -> None:
    first = post(service, "campaigns", key="k", name="Tea")
    again = post(service, "campaigns", key="k", name="Tea")
    other = post(service, "campaigns", key="k", name="Gin")

    assert again.data == first.data
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json["type"]) == (409, "urn:tenure:problem:idempotency-conflict")
    assert service.get(f"/api/campaigns?user_id={ADA}").json["total"] == 1


def test_one_key_on_two_things_is_two_commands_in_conflict(service: Caller) -> None:
    one, two = campaign(service), campaign(service)
    post(service, f"campaigns/{one}/actions", key="k", action="archive")

    assert post(service, f"campaigns/{two}/actions", key="k", action="archive").status_code == 409


def test_anothers_is_a_404(service: Caller) -> None:
    one = campaign(service)
    job = running_job(service)
    best = created_id(post(service, "lists", name="Best"))

    for path in (
        f"campaigns/{one}",
        f"jobs/{job}",
        f"jobs/{job}/results",
        f"lists/{best}",
        f"lists/{best}/items",
    ):
        assert service.get(f"/api/{path}?user_id={BOB}").status_code == 404, path
    for path, body in (
        (f"campaigns/{one}/actions", {"action": "archive"}),
        (f"jobs/{job}/complete", {}),
        (f"jobs/{job}/results", {"creators": [{}]}),
        (f"lists/{best}/items", {"creator_id": "c"}),
        ("jobs", {"campaign_id": one}),
    ):
        assert post(service, path, BOB, **body).status_code == 404, path
    assert service.ask("DELETE", f"/api/lists/{best}?user_id={BOB}").status_code == 404
    assert service.get(f"/api/campaigns/no-uuid?user_id={ADA}").status_code == 404


def test_a_job_runs_and_its_results_are_kept_and_verified(service: Caller, auditor: Caller) -> None:
    job = running_job(
        service, keywords=["fitness"], search_params={"audience": {"age": 18, "n\x00l": [1.5]}}, region="US"
    )
    moved = service.patch(f"/api/jobs/{job}", {"user_id": ADA, "progress": 33.333, "cursor": 7})
    stored = post(service, f"jobs/{job}/results", creators=[{"name": "Lee"}, {"name": "Kim"}])
    created_id(post(service, f"jobs/{job}/complete"))

    assert (moved.status_code, stored.json["count"], stored.json["creators_remaining"]) == (200, 2, 3)
    document = service.get(f"/api/jobs/{job}?user_id={ADA}&include=search_params,results").json
    assert (document["status"], document["progress"], document["creators_recorded"]) == (
        "completed",
        "33.33",
        2,
    )
    assert document["search_params"] == {"audience": {"age": 18, "n\ufffdl": [1.5]}}
    assert "keywords" not in document
    assert [batch["creators_count"] for batch in document["results"]] == [2]
    wide = service.get(f"/api/jobs/{job}/results?user_id={ADA}&include=creators").json["items"]
    assert wide[0]["creators"] == [{"name": "Lee"}, {"name": "Kim"}]
    verdict = auditor.get(f"/api/jobs/{job}/results/verification?user_id={ADA}").json
    assert (verdict["ok"], verdict["items"][0]["recorded_digest"]) == (True, stored.json["digest"])


def test_more_creators_than_remain_are_refused_whole(service: Caller) -> None:
    job = running_job(service)
    post(service, f"jobs/{job}/results", creators=[{}] * 4)

    refused = post(service, f"jobs/{job}/results", creators=[{}] * 2)

    assert (refused.status_code, refused.json["remaining"]) == (409, 1)
    assert service.get(f"/api/jobs/{job}/results?user_id={ADA}").json["total"] == 1


def test_results_may_be_long_and_other_bodies_may_not(service: Caller) -> None:
    job = running_job(service)
    long = {"bio": "x" * 200_000}

    assert post(service, f"jobs/{job}/results", creators=[long]).status_code == 200
    assert post(service, "jobs", search_params=long).status_code == 413


def test_json_nested_too_deep_is_refused(service: Caller) -> None:
    deep: Any = 1
    for _ in range(40):
        deep = {"a": deep}

    refused = post(service, "jobs", search_params=deep)

    assert refused.status_code == 400
    assert "levels" in refused.json["detail"]


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("keyword=fitness", 1),
        ("keyword=fitness,yoga", 0),
        ("has_param=audience", 1),
        ("param=audience.age:18", 1),
        ("param=audience.age:19", 0),
        ("param=audience%27%20OR%20true--:18", 0),
        ("status=pending&region=US", 1),
    ],
)
def test_jobs_are_found_by_their_json(service: Caller, query: str, total: int) -> None:
    post(service, "jobs", keywords=["fitness"], search_params={"audience": {"age": 18}}, region="US")
    post(service, "jobs", BOB, keywords=["fitness"], search_params={"audience": {"age": 18}}, region="US")

    assert service.get(f"/api/jobs?user_id={ADA}&{query}").json["total"] == total


def test_a_list_takes_each_creator_once(service: Caller) -> None:
    best = created_id(post(service, "lists", name="Best", tags=["tea"]))
    first = post(service, f"lists/{best}/items", creator_id="c1", creator={"n": 1})
    twice = post(service, f"lists/{best}/items", creator_id="c1")
    post(service, f"lists/{best}/items", creator_id="c2", position=0)
    item = first.json["item_id"]
    service.patch(f"/api/lists/{best}/items/{item}", {"user_id": ADA, "position": 9, "notes": None})

    assert (first.status_code, twice.status_code, twice.json["item_id"]) == (201, 409, item)
    page = service.get(f"/api/lists/{best}/items?user_id={ADA}&include=creator").json
    assert [(row["creator_id"], row["creator"]) for row in page["items"]] == [("c2", None), ("c1", {"n": 1})]
    assert service.ask("DELETE", f"/api/lists/{best}/items/{item}?user_id={ADA}").status_code == 200
    assert service.get(f"/api/lists?user_id={ADA}&tag=tea&include=items").json["items"][0]["items_count"] == 1
    assert service.ask("DELETE", f"/api/lists/{best}?user_id={ADA}&version=1").status_code == 409
    assert service.ask("DELETE", f"/api/lists/{best}?user_id={ADA}").status_code == 200
    assert service.get(f"/api/lists/{best}?user_id={ADA}").status_code == 404


def test_the_dashboard_shows_the_month_and_the_latest(service: Caller) -> None:
    one = campaign(service)
    job = running_job(service, campaign_id=one)
    post(service, f"jobs/{job}/results", creators=[{}])

    dashboard = service.get(f"/api/dashboard/{ADA}").json

    assert dashboard["jobs_running"][0]["id"] == job
    assert dashboard["jobs_running"][0]["started_at"].endswith("Z")
    assert (dashboard["usage_creators_current_month"], dashboard["plan_creators_limit"]) == (1, 5)
    assert dashboard["recent"][0]["event_type"] == "job.results_recorded"
    assert service.get("/api/dashboard/user_x").status_code == 404


def test_only_services_and_operators_and_each_read_is_noted(
    conn: Connection[Any], service: Caller, auditor: Caller, operator: Caller, anyone: Caller
) -> None:
    path = f"/api/campaigns?user_id={ADA}"

    assert [caller.get(path).status_code for caller in (service, operator, auditor, anyone)] == [
        200,
        200,
        403,
        401,
    ]
    assert [(row[2], row[3]) for row in access_log(conn)] == [(ADA, ["campaigns"])] * 2


def test_a_name_misspelt_or_nothing_to_change_is_refused(service: Caller) -> None:
    one = campaign(service)

    assert post(service, "campaigns", nmae="Tea").status_code == 400
    assert service.patch(f"/api/campaigns/{one}", {"user_id": ADA, "version": 1}).status_code == 400
    assert service.patch(f"/api/campaigns/{one}", {"user_id": ADA, "name": None}).status_code == 400
    assert service.get("/api/campaigns").status_code == 400
