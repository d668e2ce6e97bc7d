"""Pages of users whose id and name hold any text, and forms and searches that hold it."""

from html import unescape
from urllib.parse import quote
from uuid import uuid4

import pytest

from events.text import storable
from tests.console.conftest import Person
from tests.projections.event_builders import clerk, user
from tests.projections.replaying import project, tell

TEXTS = ["\t", "a\r\nb", '"', "\\", r"\u0000", "%2F", "?q=1#x", "\u202e", "'=1+1", "茶"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_user_of_any_text_has_a_page_and_takes_a_decision(operator: Person, shop: str, text: str) -> None:
    name, user_id = f"x{text}y", f"user_{text}"
    tell(shop, [clerk("user.created", user(user_id, first_name=name, last_name=None))])
    project(shop)
    page = f"/users/{quote(user_id, safe='')}"
    fields = {"reason": f"because {text}\x00", "key": str(uuid4())}

    assert name in unescape(operator.get(page).text)
    done = operator.send(f"{page}/actions/grant-admin", page, **fields)
    assert done.status_code == 303, done.text
    assert operator.get(page).status_code == 200
    assert operator.get(f"{page}/explain/full_name").status_code == 200
    assert operator.get(f"/events?user_id={quote(user_id, safe='')}").status_code == 200


@pytest.mark.parametrize("text", ["\x00", "a\x00b", storable("\ud800"), *TEXTS])
@pytest.mark.parametrize(
    "path", ["/users/{}", "/users/{}/explain/email", "/events/{}", "/users?q={}", "/events?type={}"]
)
def test_an_address_of_any_text_is_answered(operator: Person, path: str, text: str) -> None:
    answer = operator.get(path.format(quote(text, safe="")))

    assert answer.status_code in {200, 303, 400, 404}, (path, text)
