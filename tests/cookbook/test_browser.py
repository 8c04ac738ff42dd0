"""The page of the web server, in a browser: it shows tokens as they come, and the model stops when the reader leaves.

The session `cookbook-browser` runs it. It needs Chromium: on Debian, `apt-get install chromium`.
"""

import os
import shutil
from collections.abc import Iterator

import pytest
from cookbook_programs import WebServer
from endless_stream import EndlessStream
from opper_chat.testing import CUT, Reply, chunk
from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PROMPTLY = 5.0
"""Seconds within which a stream is closed after its reader has left."""


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with WebServer() as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.fail("There is no Chromium. Install it, or set the environment variable CHROMIUM to its path.")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser, web: WebServer) -> Iterator[Page]:
    """The page, open. Nothing may fail in it, and it may ask no other server for anything."""
    problems: list[str] = []
    context = browser.new_context(viewport={"width": 390, "height": 700})
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: problems.append(request.url) if web.url not in request.url else None)
    page.goto(web.url)
    yield page
    context.close()
    assert problems == []


def ask(page: Page, text: str) -> None:
    page.get_by_label("Question").fill(text)
    page.get_by_role("button", name="Send").click()


def test_a_whole_completion(web: WebServer, page: Page) -> None:
    """The text as it is, without markup of the model's, and the status says that it is whole."""
    text = "Grüße 👋\n<b>bold</b> " + "word " * 200
    web.model.reply(Reply.completion(text))
    ask(page, "Greet me.")
    expect(page.get_by_role("status")).to_have_text("Done.", timeout=20_000)
    assert page.locator("#text").text_content() == text
    assert web.model.last_request.messages[0]["content"] == "Greet me."
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("leave", ["stop", "close", "reload", "navigate"])
def test_the_reader_leaves(web: WebServer, page: Page, leave: str) -> None:
    """By the button, by closing the tab, by loading the page again or another one."""
    stream = EndlessStream()
    web.model.reply(stream.reply())
    ask(page, "Count.")
    expect(page.locator("#text")).to_contain_text("token3", timeout=20_000)  # while the stream goes on
    assert not stream.closed.is_set()
    if leave == "stop":
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("status")).to_have_text("Stopped.")
    elif leave == "close":
        page.close()
    elif leave == "reload":
        page.reload()
    else:
        page.goto("about:blank")
    assert stream.closed.wait(PROMPTLY)


def test_a_completion_that_breaks(web: WebServer, page: Page) -> None:
    """The reader sees what came, and that it is not all. The next question works."""
    web.model.reply(Reply.sse([chunk("Half a "), CUT]), Reply.completion("Whole.", finish_reason="length"))
    ask(page, "Count.")
    expect(page.get_by_role("status")).to_have_text("The model did not finish. Please try again.")
    assert page.locator("#text").text_content() == "Half a "
    ask(page, "Count.")
    expect(page.get_by_role("status")).to_have_text("The model stopped early: length.")
    assert page.locator("#text").text_content() == "Whole."
