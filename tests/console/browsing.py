"""A real Chromium for the tests, if there is one, and what to ask of a page in it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from werkzeug.serving import make_server

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NAMES = ("chromium", "chromium-browser", "google-chrome")
WITHOUT = "no Chromium here: the console's browser tests are skipped (Debian: apt-get install chromium)"


def executable() -> str | None:
    """Where the browser is."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """The app on a port of its own, as `http://…/console`."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/console"
    server.shutdown()
    thread.join()


class Complaints(list[str]):
    """What a page says to the developer: errors, warnings, violations of its policy."""

    def listen(self, page: Page) -> None:
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before it came
            self.append(f"{request.failure}: {request.url}")

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.append(f"{message.type}: {message.text}")


CONTRAST = """
() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  const known = new Map();
  const parse = (text) => {
    if (!known.has(text)) known.set(text, read(text));
    return known.get(text);
  };
  const read = (text) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = text;
    paint.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
    return { r, g, b, a: a / 255 };
  };
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = (c) => 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
  const over = (top, below) => ({
    r: top.r * top.a + below.r * (1 - top.a), g: top.g * top.a + below.g * (1 - top.a),
    b: top.b * top.a + below.b * (1 - top.a), a: 1,
  });
  const ground = (element) => {
    const layers = [];
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.a > 0) layers.push(colour);
      if (colour.a === 1) break;
    }
    return layers.reverse().reduce((below, top) => over(top, below), { r: 255, g: 255, b: 255, a: 1 });
  };
  const shown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const poor = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim().slice(0, 30);
    if (!text || element.closest("svg, script, option") || !shown(element)) continue;
    const style = getComputedStyle(element);
    const below = ground(element);
    const ink = over(parse(style.color), below);
    const [high, low] = [light(ink), light(below)].sort((a, b) => b - a);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) {
      poor.add(`${ratio.toFixed(2)} ${element.tagName}.${element.className} ${text}`);
    }
  }
  return [...poor];
}
"""
"""Texts whose contrast is below WCAG 2.2 AA: 4.5, or 3 where they are large."""

NAMELESS = """
() => [...document.querySelectorAll("button, a, input:not([type=hidden]), select, [role=region], summary")]
  .filter((each) => each.checkVisibility() && !each.closest("svg"))
  .filter((each) => !(each.getAttribute("aria-label") || each.labels?.length || each.textContent.trim()))
  .map((each) => each.outerHTML.slice(0, 120))
"""
"""Controls that a screen reader could not name."""

COVERED = """
() => [...document.querySelectorAll(".cards [data-label]")]
  .filter((each) => each.checkVisibility() && parseFloat(getComputedStyle(each).paddingLeft) <
    parseFloat(getComputedStyle(each, "::before").width))
  .map((each) => each.outerHTML.slice(0, 120))
"""
"""Cells of a list on a phone whose value begins where its label still stands."""

CUT = """
() => [...document.querySelectorAll(".scroll")]
  .filter((each) => each.checkVisibility() && each.scrollWidth > each.clientWidth)
  .map((each) => `${each.getAttribute("aria-label")} by ${each.scrollWidth - each.clientWidth} px`)
"""
"""Regions that must be scrolled sideways to be read."""

COVERED_MARKS = """
() => {
  const box = (each) => each.getBoundingClientRect();
  const boxes = (selector) => [...document.querySelectorAll(selector)].map(box);
  const lanes = boxes(".life .lane-name").filter((name) => name.width);
  return boxes(".life .event")
    .flatMap((mark) => lanes.filter((name) => mark.top < name.bottom - 2 && mark.bottom > name.top + 2))
    .map((name) => `${name.top} to ${name.bottom}`);
}
"""
"""Names of lanes at the height of a mark; two pixels of a line are below or above its letters."""
