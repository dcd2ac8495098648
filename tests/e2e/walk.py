"""A person in a browser: walks through the shop and its admin, and notices every request and every error."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Frame, FrameLocator, Page, Request, expect

ROOT = Path(__file__).resolve().parents[2]
CODE = r"DANKE-[A-Z0-9]{4}-[A-Z0-9]{4}-[A-Z0-9]{4}"
PATIENCE = 20_000
"""Milliseconds after which something that should be there is missing; nothing here waits that long when all is well."""

SHIFTS = """
const shifts = [];
const note = (entries) => {
  for (const {value, sources} of entries) {
    shifts.push({value, of: sources.map(({node}) => node?.outerHTML?.slice(0, 160) ?? String(node))});
  }
};
const observer = new PerformanceObserver((list) => note(list.getEntries()));
observer.observe({type: 'layout-shift', buffered: true});
window.shifts = () => {
  note(observer.takeRecords());
  return shifts;
};
"""

OF_WHOLE_PAGES = ("region", "landmark-one-main", "page-has-heading-one")
"""What axe asks of a page and cannot ask of a frame in it."""


@cache
def axe() -> str:
    """The script that looks for what shuts people out."""
    return (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")


@dataclass
class Walk:
    """One browser context with one page open; ``words`` are this language's labels of the sandbox itself."""

    context: BrowserContext
    page: Page
    base: str
    app: str
    locale: str
    requests: list[Request] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.watch(self.page)
        expect.set_options(timeout=PATIENCE)

    def watch(self, page: Page) -> None:
        """Notice what a page asks for and what goes wrong in it."""
        page.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108 it marks its handlers
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def say(self, key: str, **facts: object) -> str:
        """A label of the sandbox in the walk's language."""
        return words(self.locale)[key].format(**facts)

    def go(self, path: str) -> Page:
        """Open a path of the sandbox."""
        self.page.goto(self.base + path)
        return self.page

    def add(self, handle: str) -> None:
        """Put a product into the cart."""
        self.go(f"/storefront/products/{handle}")
        self.page.get_by_role("button", name=self.say("shop.add")).click()

    def check_out(self, email: str | None, payment: str = "paid") -> str:
        """Buy the cart and return the order's id, on its thank-you page."""
        self.go("/storefront/checkout")
        if email is not None:
            self.page.get_by_label(self.say("checkout.email")).fill(email)
            self.page.get_by_label(self.say("checkout.first")).fill("Erika")
        self.page.get_by_label(self.say(f"checkout.{payment}")).check()
        self.page.get_by_role("button", name=self.say("checkout.pay")).click()
        self.page.wait_for_url("**/thank-you")
        return urlsplit(self.page.url).path.split("/")[3]

    def buy(self, handle: str, email: str | None, payment: str = "paid") -> str:
        """Buy one product and return the order's id, on its thank-you page."""
        self.add(handle)
        return self.check_out(email, payment)

    def sign_in(self, email: str) -> None:
        """Sign in with an address known or not; ends on the account page."""
        self.go("/storefront/account")
        self.page.get_by_label(self.say("checkout.email")).fill(email)
        self.page.locator("form.stack").get_by_role("button").click()
        expect(self.page.get_by_role("button", name=self.say("account.out"))).to_be_visible()

    @property
    def widgets(self) -> FrameLocator:
        """What the app's extension shows on a checkout or account page."""
        return self.page.frame_locator("iframe[data-extension]")

    @property
    def admin(self) -> FrameLocator:
        """The app inside the admin."""
        return self.page.frame_locator("iframe#app")

    def extension_frame(self) -> Frame:
        """The frame of the extension on this page."""
        return next(frame for frame in self.page.frames if "/sandbox/extensions/" in frame.url)

    def app_frame(self) -> Frame:
        """The frame of the app on this page."""
        return next(frame for frame in self.page.frames if frame.url.startswith(self.app))

    def strangers(self) -> list[str]:
        """Every request that went elsewhere than to the shop and the app."""
        return [
            request.url
            for request in self.requests
            if not request.url.startswith((self.base, self.app, "data:", "blob:", "about:"))
        ]

    def shut_out(self) -> list[str]:
        """What axe finds on the page and in every frame of it."""
        return [line for frame in self.page.frames for line in violations(frame, self.page.main_frame)]

    def shifts(self, frame: Frame | None = None) -> list[dict[str, Any]]:
        """Every layout shift since the page began."""
        found: list[dict[str, Any]] = (frame or self.page.main_frame).evaluate("window.shifts()")
        return found


def violations(frame: Frame, main: Frame) -> list[str]:
    """What axe finds in one frame, a line each."""
    frame.evaluate(axe())
    rules = {} if frame is main else {name: {"enabled": False} for name in OF_WHOLE_PAGES}
    found = frame.evaluate(
        "(rules) => axe.run(document, {rules, iframes: false, resultTypes: ['violations']})", rules
    )
    return [
        f"{frame.url}: {one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@cache
def words(locale: str) -> dict[str, str]:
    """The sandbox's own words."""
    found: dict[str, str] = json.loads((ROOT / "sandbox" / "locales" / f"{locale}.json").read_text("utf-8"))
    return found


NewWalk = Callable[..., Walk]
