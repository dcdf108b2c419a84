"""People at their browsers: each with a profile of her own, in through the hub's own pages."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.realhub.hub import PASSWORD, SPAWN_S, RealHub

# what the console says when a policy of the hub or the server keeps a page from doing something
REFUSED = ("Content Security Policy", "Content-Security-Policy", "_xsrf", "XSRF", "frame-ancestors")
LOAD_MS = 60_000

# nbgrader's own pages fetch MathJax from the internet, which a machine of tests need not reach
KNOWN_PAGE_ERRORS = ("MathJax is not defined",)


class Visit:
    """Everybody's pages of one test, and what went `wrong` on any of them."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.pages: dict[str, Page] = {}
        self.wrong: list[str] = []
        self.missing: list[str] = []

    def enter(self, hub: RealHub, user: str, place: str) -> Page:
        """Log in on the hub's page and be at `place`; the hub starts a server that does not run."""
        context = self._browser.new_context(
            viewport={"width": 1280, "height": 800}, locale="en-GB", ignore_https_errors=True
        )
        context.set_default_timeout(30_000)
        context.on("page", self.watch)
        page = self.pages[user] = context.new_page()
        page.goto(f"{hub.url}{place}")
        self._log_in(page, user)
        start = page.locator("#start")  # on the hub's page about a server that does not run
        arrived = page.locator(".jp-LabShell, .error")
        expect(start.or_(arrived).first).to_be_attached(timeout=LOAD_MS)
        if start.is_visible():
            start.click()
            expect(arrived.first).to_be_attached(timeout=SPAWN_S * 1000)
        return page

    def _log_in(self, page: Page, user: str) -> None:
        page.get_by_label("Username").fill(user)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/hub/login" not in url, timeout=LOAD_MS)

    def watch(self, page: Page) -> None:
        """Note what is thrown on a page, refused by a policy, or missing."""
        page.on("pageerror", lambda error: self._note_thrown(page, str(error)))
        page.on("console", lambda message: self._note(page, message))
        page.on("response", self._note_missing)

    def _note_thrown(self, page: Page, error: str) -> None:
        if not any(known in error for known in KNOWN_PAGE_ERRORS):
            self.wrong.append(f"{page.url}: {error}")

    def _note(self, page: Page, message: ConsoleMessage) -> None:
        if message.type == "error" and any(word in message.text for word in REFUSED):
            self.wrong.append(f"{page.url}: {message.text}")

    def _note_missing(self, response: Response) -> None:
        if response.status >= 400:
            self.missing.append(f"{response.status} {response.url}")

    def take_pictures(self, folder: Path) -> None:
        for user, page in self.pages.items():
            page.screenshot(path=folder / f"{user}.png")

    def close(self) -> None:
        """Everybody leaves; done before a hub stops, because pages complain about that."""
        while self.pages:
            self.pages.popitem()[1].context.close()
