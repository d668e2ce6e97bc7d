"""The console in a real browser: its policy, its keyboard, its phone width, its colours, its sliders."""

import re
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from database.pool import connect, open_pool
from tests.console.browsing import (
    CONTRAST,
    COVERED,
    COVERED_MARKS,
    CUT,
    NAMELESS,
    WITHOUT,
    Complaints,
    chromium,
    executable,
    served,
)
from tests.console.conftest import Wall, as_service, make_app, make_token
from tests.console.pages import a_payer, all_pages
from tests.databases import Database, Server

if executable() is None:
    warnings.warn(WITHOUT, stacklevel=1)  # a skip alone would hardly be seen
    pytest.skip(WITHOUT, allow_module_level=True)

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def place(server: Server, shop_template: Database) -> Iterator[tuple[str, str]]:
    """(address, conninfo) of a shop that this module's tests share."""
    database = server.database(shop_template.name)
    with (
        open_pool(database.conninfo, application_name="console", max_size=6, configure=as_service) as pool,
        served(make_app(pool, database.conninfo, Wall())) as address,
    ):
        yield address, database.conninfo
    database.drop()


@pytest.fixture
def base(place: tuple[str, str]) -> str:
    return place[0]


@pytest.fixture(scope="module")
def paths(place: tuple[str, str]) -> list[str]:
    with connect(place[1], application_name="test") as conn:
        return [*all_pages(conn), f"/users/{a_payer(conn)}/erase"]


@pytest.fixture(scope="module")
def payer(place: tuple[str, str]) -> str:
    with connect(place[1], application_name="test") as conn:
        return a_payer(conn)


@pytest.fixture(scope="module")
def cookies(browser: Browser, place: tuple[str, str]) -> Any:  # Any: as playwright has them
    """A session's, so that one sign-in serves all tests."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{place[0]}/users")
    page.get_by_label("Token").fill(make_token(place[1], "operator"))
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{place[0]}/users")
    signed_in = context.cookies()
    context.close()
    return signed_in


def opened(browser: Browser, cookies: Any, **options: Any) -> BrowserContext:  # Any: playwright's
    context = browser.new_context(**{"viewport": DESKTOP, **options})
    context.add_cookies(cookies)
    return context


@pytest.fixture
def page(browser: Browser, cookies: Any) -> Iterator[Page]:
    context = opened(browser, cookies)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_breaks_its_policy_or_lacks_contrast(
    browser: Browser, cookies: Any, base: str, paths: list[str], scheme: str
) -> None:
    context, complaints = opened(browser, cookies, color_scheme=scheme), Complaints()
    page = context.new_page()
    complaints.listen(page)
    poor = {}
    for path in paths:
        page.goto(f"{base}{path}")
        poor[path] = page.evaluate(CONTRAST)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    hacked = page.evaluate("window.hacked")
    context.close()

    assert complaints == []
    assert poor == {path: [] for path in paths}
    assert hacked is None
    assert (background == "rgb(19, 23, 25)") == (scheme == "dark")


def test_the_checkers_see_what_they_look_for(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<body style='background:#fff'><p style='color:#888'>grey</p><button></button>")

    assert page.evaluate(CONTRAST) == ["3.54 P. grey"]
    assert page.evaluate(NAMELESS) == ["<button></button>"]
    page.close()


def test_sign_in_page_has_contrast_and_names(browser: Browser, base: str) -> None:
    page = browser.new_page()
    page.goto(f"{base}/sign-in")

    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(NAMELESS) == []
    page.close()


def test_phone_width_never_scrolls_sideways(
    browser: Browser, cookies: Any, base: str, paths: list[str]
) -> None:
    context = opened(browser, cookies, viewport=PHONE, is_mobile=True, has_touch=True)
    page = context.new_page()
    wide = []
    for path in paths:
        page.goto(f"{base}{path}")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(path)
    context.close()

    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_forms_fit_a_phone(browser: Browser, cookies: Any, base: str, payer: str, scheme: str) -> None:
    context = opened(browser, cookies, viewport=PHONE, is_mobile=True, has_touch=True, color_scheme=scheme)
    page = context.new_page()
    measurements = []
    for path in (f"/users/{payer}", "/users/user_2hostile", "/jobs"):
        page.goto(f"{base}{path}")
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        measurements.append((wide, page.evaluate(CONTRAST), page.evaluate(NAMELESS)))
    context.close()

    assert measurements == [(0, [], [])] * 3


def test_refused_form_is_open_and_says_why(page: Page, base: str) -> None:
    page.goto(f"{base}/users/user_2hostile")
    page.get_by_text("Grant a plan").click()
    form = page.locator("#do-grant-plan")
    form.get_by_label("Plan").select_option("glow_up")
    form.get_by_label("Until", exact=False).fill("2020-01-01T00:00:00")
    form.get_by_label("Reason").fill("too late")
    form.get_by_role("button", name="Grant").click()

    expect(page.get_by_role("alert")).to_contain_text("Refused: Expected an end after now")
    expect(page.locator("#do-grant-plan").get_by_label("Reason")).to_have_value("too late")
    expect(page.locator("#do-grant-plan").get_by_label("Until", exact=False)).to_have_value(
        re.compile("2020-01-01T00:00")
    )


def test_phone_shows_each_label_beside_its_value(
    browser: Browser, cookies: Any, base: str, paths: list[str]
) -> None:
    context = opened(browser, cookies, viewport=PHONE, is_mobile=True, has_touch=True)
    page = context.new_page()
    covered = {}
    for path in paths:
        page.goto(f"{base}{path}")
        covered[path] = page.evaluate(COVERED)
    context.close()

    assert covered == {path: [] for path in paths}


def test_no_list_is_cut_at_desktop_width(page: Page, base: str, paths: list[str]) -> None:
    cut = []
    for path in paths:
        page.goto(f"{base}{path}")
        cut += [f"{path}: {name}" for name in page.evaluate(CUT)]

    assert cut == []


@pytest.mark.parametrize(("size", "is_shown"), [(PHONE, True), (DESKTOP, False)])
def test_names_of_the_bands_stand_beside_the_present_on_a_phone(
    browser: Browser, cookies: Any, base: str, payer: str, size: Any, is_shown: bool
) -> None:
    context = opened(browser, cookies, viewport=size)
    page = context.new_page()
    page.goto(f"{base}/users/{payer}")
    name = page.locator(".life .narrow-name").filter(has_text="status: ")

    if is_shown:
        expect(name).to_be_in_viewport(ratio=1)
    else:
        expect(name).to_be_hidden()
    context.close()


@pytest.mark.parametrize(("size", "is_shown"), [(PHONE, True), (DESKTOP, False)])
def test_names_of_the_lanes_cover_no_mark_and_the_rest_is_announced_on_a_phone(
    browser: Browser, cookies: Any, base: str, payer: str, size: Any, is_shown: bool
) -> None:
    context = opened(browser, cookies, viewport=size)
    page = context.new_page()
    page.goto(f"{base}/users/{payer}")
    hint = page.get_by_text("scroll to the left for earlier events")

    assert page.evaluate(COVERED_MARKS) == []
    assert hint.is_visible() is is_shown
    context.close()


def test_menu_opens_on_a_phone(browser: Browser, cookies: Any, base: str) -> None:
    context = opened(browser, cookies, viewport=PHONE)
    page = context.new_page()
    page.goto(base)
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Events")
    expect(link).to_be_hidden()

    page.get_by_text("Menu").click()
    link.click()

    expect(page).to_have_url(re.compile("/events$"))
    context.close()


def test_every_control_has_a_name(page: Page, base: str, paths: list[str]) -> None:
    nameless = {}
    for path in paths:
        page.goto(f"{base}{path}")
        nameless[path] = page.evaluate(NAMELESS)

    assert nameless == {path: [] for path in paths}


def test_keyboard_reaches_the_content_and_shows_where_it_is(page: Page, base: str) -> None:
    page.goto(f"{base}/users")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")

    page.keyboard.press("Tab")

    focused = "document.activeElement"
    assert page.evaluate(f"{focused}.id") == "q"
    assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"
    page.keyboard.type("user_2hostile")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("<script>window.hacked=1</script>")


def test_slider_shows_the_past_without_leaving_the_page(page: Page, base: str, payer: str) -> None:
    page.goto(f"{base}/users/{payer}")
    slider = page.get_by_label("True at", exact=False).first
    page.evaluate("window.stayed = true")

    slider.focus()
    slider.press("Home")

    expect(page.locator(".notice.past")).to_contain_text("These are the values true at")
    expect(page).to_have_url(re.compile(r"as_of=\d{4}"))
    assert page.evaluate("window.stayed")
    expect(page.get_by_label("True at", exact=False).first).to_have_value("0")
    page.get_by_role("link", name="Back to the present").click()
    expect(page.locator(".notice.past")).to_have_count(0)


def test_why_opens_beside_the_value_and_gives_the_focus_back(page: Page, base: str, payer: str) -> None:
    page.goto(f"{base}/users/{payer}")
    link = page.get_by_role("link", name="Why subscription status?")

    link.click()

    drawer = page.get_by_label("Explanation")
    expect(drawer).to_contain_text("the status in the latest snapshot")
    expect(drawer).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(link).to_be_focused()


def test_colours_are_chosen_and_kept(page: Page, base: str) -> None:
    page.goto(base)
    toggle = page.get_by_role("button", name="Colours")
    toggle.click()
    toggle.click()
    expect(toggle).to_have_accessible_name("Colours: dark")

    page.goto(f"{base}/events")

    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(19, 23, 25)"


def test_instant_tells_the_readers_own_time(browser: Browser, cookies: Any, base: str) -> None:
    context = opened(browser, cookies, timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    page.goto(f"{base}/events")

    title = page.locator("time").first.get_attribute("title")

    assert title is not None
    assert "GMT+9" in title
    context.close()


def test_charts_are_drawn_and_say_values_under_the_pointer(page: Page, base: str) -> None:
    page.goto(base)
    figure = page.locator("#statuses")
    expect(figure.locator("canvas")).to_be_visible()

    figure.locator(".u-over").hover(position={"x": 50, "y": 50})

    expect(figure.locator(".when")).to_have_text(re.compile(r"\d{4}-\d\d-\d\d"))


def test_pages_can_be_read_without_javascript(
    browser: Browser, cookies: Any, base: str, paths: list[str], payer: str
) -> None:
    context = opened(browser, cookies, java_script_enabled=False)
    page = context.new_page()
    for path in paths:
        page.goto(f"{base}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.goto(base)
    expect(page.locator("#statuses polygon").first).to_be_visible()
    page.goto(f"{base}/users/{payer}")
    page.locator("#as_of").fill("2020-01-01T00:00:00")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_text("No event mentioned this user by then.")).to_be_visible()
    context.close()
