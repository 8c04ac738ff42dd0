"""The built site in Chromium, as wide as a desktop and as a phone: every page, the navigation, the search, the colours.

A message of level error in the console, a request that fails or goes to another server, and a horizontal scroll bar are
failures.
"""

import functools
import http.server
import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Route,
    expect,
    sync_playwright,
)

SITE = Path(__file__).resolve().parents[2] / "build" / "docs" / "site"
PAGES = sorted(path.parent.relative_to(SITE).as_posix().removeprefix(".") for path in SITE.rglob("index.html"))
PICTURES = (
    "", "structured-outputs", "cookbook/fastapi", "comparison", "troubleshooting", "openai-names", "reference/client",
    "reference/parameters", "reference/errors",
)  # fmt: skip
QUESTIONS = {
    "timeout": "streams/#timeouts",
    "retries": "retries/",
    "cancel a stream": "streams/#cancel-a-stream",
    "log requests": "observability/#log-calls-and-requests",
    "FastAPI": "cookbook/fastapi/",
    "json mode": "structured-outputs/#json-mode-and-your-own-schema",
    "images": "messages/",
    "several models": "opper/#fallbacks-several-models",
    "thread safety": "clients/#thread-safety-and-sharing",
    "api key": "clients/#api-keys",
    "ollama": "other-servers/",
}
"""What people search for, and the first result."""
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
NO_BROWSER = (
    "There is no Chromium. Install it (on Debian: `apt-get install chromium`), or name its path: "
    "`nox -s docs-browser -- --chromium PATH`, or the environment variable CHROMIUM."
)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
"""The browser may run as root in a container, and asks no server of its own accord."""


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Write no line for each request."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The URL of the site on a loopback address."""
    if not PAGES:
        pytest.exit("There is no site. Build it: `nox -s docs`.", 2)
    handler = functools.partial(Handler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    path = request.config.getoption("--chromium") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None or not Path(path).is_file():
        pytest.exit(NO_BROWSER, 2)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def page(browser: Browser, site: str, size: str) -> Iterator[Page]:
    """A page of the browser. At the end of the test, nothing may have gone wrong in it."""
    context = new_context(browser, site, size, "light")
    page = context.new_page()
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            problems.append(f"{page.url}: {message.text}")

    def on_failed_request(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left before the request had ended
            problems.append(f"{page.url}: {request.url}: {request.failure}")

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
    page.on("requestfailed", on_failed_request)
    yield page
    context.close()
    assert problems == []


def new_context(browser: Browser, site: str, size: str, scheme: str) -> BrowserContext:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )

    def refuse_other_servers(route: Route) -> None:
        if route.request.url.startswith(site):
            route.continue_()
        else:
            route.abort()

    context.route("**/*", refuse_other_servers)
    return context


def test_the_links_to_the_next_page_lead_through_all(page: Page, site: str) -> None:
    """Each page has one heading of the first level, and is no wider than the window."""
    wide: list[str] = []
    seen: list[str] = []
    page.goto(site)
    while len(seen) <= len(PAGES):
        seen.append(page.url.removeprefix(site).strip("/"))
        expect(page.locator("h1")).to_have_count(1)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(seen[-1])
        following = page.locator(".md-footer__link--next")
        if following.count() == 0:
            break
        with page.expect_navigation():  # until the page is loaded
            following.click()
    assert sorted(seen) == PAGES
    assert wide == []


def test_the_navigation_leads_to_a_page(page: Page, site: str, size: str) -> None:
    """Through the tabs and the list at the left, or on a phone through the menu."""
    page.goto(site)
    menu = page.locator("header label[for=__drawer]")
    navigation = page.locator(".md-nav--primary")
    if size == "desktop":
        page.locator(".md-tabs__link", has_text="Reference").click()
    else:
        menu.click()
        navigation.get_by_role("link", name="Reference", exact=True).click()
        page.wait_for_url(f"{site}reference/")
        menu.click()
        navigation.locator("label.md-nav__link", has_text="opper_chat").first.click()
    navigation.get_by_role("link", name="Errors", exact=True).last.click()
    expect(page.locator("h1")).to_have_text(re.compile("^Errors"))
    assert page.url == f"{site}reference/errors/"


def open_search(page: Page) -> Locator:
    """Open the search of a page, and return its field."""
    field = page.get_by_role("combobox", name="Search")
    while not field.is_visible():  # the script of the page may not have begun
        page.keyboard.press("Control+k")
        page.wait_for_timeout(500)
    return field


@pytest.mark.parametrize("name", ["first_token_timeout", "RateLimitError", "OPPER_HTTP_LIBRARY"])
def test_the_search_leads_to_a_name(page: Page, site: str, name: str) -> None:
    page.goto(f"{site}calls/")
    open_search(page).fill(name)
    result = page.get_by_role("option").first
    expect(result).to_contain_text(name)
    result.click()
    page.wait_for_url(re.compile("#"))
    heading = page.locator(f'[id="{page.url.partition("#")[2]}"]')
    expect(heading).to_contain_text(name)
    expect(heading).to_be_in_viewport()


def test_the_search_leads_to_the_guide_for_a_question(page: Page, site: str) -> None:
    page.goto(f"{site}calls/")
    field = open_search(page)
    found: dict[str, str] = {}
    for question in QUESTIONS:
        field.fill(question)
        page.wait_for_timeout(500)  # until the results are those of this question
        link = page.get_by_role("option").first.evaluate("element => element.href || element.querySelector('a').href")
        found[question] = re.sub(r"\?[^#]*", "", str(link).removeprefix(site))
    assert found == QUESTIONS


def test_wide_tables_are_lists_on_a_phone(page: Page, site: str, size: str) -> None:
    """Each value has the name of its column. On a desktop, they are tables with a head."""
    page.goto(f"{site}comparison/")
    table = page.locator("table[data-columns=many]").first
    label = table.locator("td").nth(1).evaluate("element => getComputedStyle(element, '::before').content")
    if size == "desktop":
        expect(table.locator("thead")).to_be_visible()
        assert label == "none"
    else:
        expect(table.locator("thead")).to_be_hidden()
        assert label == '"opper-chat 0.1: "'
        assert table.evaluate("element => element.scrollWidth <= document.documentElement.clientWidth")


def test_tabs_show_sync_or_async_code(page: Page, site: str) -> None:
    """The choice applies to all tabs."""
    page.goto(site)
    page.locator(".tabbed-labels label", has_text="Async").first.click()
    expect(page.locator(".tabbed-block:visible")).to_have_count(2)
    for block in page.locator(".tabbed-block:visible").all():
        expect(block).to_contain_text("async with")


@pytest.mark.parametrize("anchor", ["opper_chat.AsyncOpper.tags", "opper_chat.Opper.tags"])
def test_a_link_to_a_name_in_a_tab_opens_the_tab(page: Page, site: str, anchor: str) -> None:
    """When the page opens, and when it is open already."""
    page.goto(f"{site}reference/client/#{anchor}")
    heading = page.locator(f'[id="{anchor}"]')
    expect(heading).to_be_in_viewport()
    other = anchor.replace("tags", "span")
    page.evaluate(f"location.hash = {other!r}")
    expect(page.locator(f'[id="{other}"]')).to_be_in_viewport()


def test_the_colours_follow_the_system_until_they_are_chosen(browser: Browser, site: str) -> None:
    """The choice is kept from page to page."""
    context = new_context(browser, site, "desktop", "dark")
    page = context.new_page()
    page.goto(site)
    body = page.locator("body")
    expect(body).to_have_attribute("data-md-color-scheme", "slate")
    page.locator("label[title='Switch to light mode']").click()
    expect(body).to_have_attribute("data-md-color-scheme", "default")
    page.goto(f"{site}calls/")
    expect(body).to_have_attribute("data-md-color-scheme", "default")
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures(browser: Browser, site: str, size: str, scheme: str, request: pytest.FixtureRequest) -> None:
    """Take pictures of some pages for people to look at, if there is a folder for them."""
    folder = request.config.getoption("--screenshots")
    if folder is None:
        pytest.skip("no --screenshots")
    context = new_context(browser, site, size, scheme)
    page = context.new_page()
    for path in PICTURES:
        page.goto(site + path)
        page.screenshot(path=folder / f"{path.replace('/', '-') or 'home'}-{size}-{scheme}.png")
    context.close()
