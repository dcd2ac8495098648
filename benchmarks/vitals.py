"""What a merchant's browser measures of admin pages in the sandbox: LCP, CLS and INP, medians of five visits to two pages."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Frame, Page, sync_playwright

from tools.browser import launch

VISITS = 5
SETTINGS = "/apps/dankbar/admin/widgets/loyalty"
BUDGETS = {"lcp_ms": 1000.0, "cls": 0.02, "inp_ms": 100.0}

_WATCH = """
window.vitals = {lcp_ms: 0, cls: 0, inp_ms: 0};
const see = (type, more, tell) => new PerformanceObserver(
  (list) => list.getEntries().forEach(tell)).observe({type, buffered: true, ...more});
see('largest-contentful-paint', {}, (entry) => { window.vitals.lcp_ms = entry.startTime; });
see('layout-shift', {}, (entry) => { if (!entry.hadRecentInput) window.vitals.cls += entry.value; });
see('event', {durationThreshold: 16}, (entry) => {
  if (entry.interactionId) window.vitals.inp_ms = Math.max(window.vitals.inp_ms, entry.duration);
});
"""


@dataclass(frozen=True, slots=True)
class Vitals:
    """The worse page's medians; a figure of milliseconds or a share of the screen that moved."""

    lcp_ms: float
    cls: float
    inp_ms: float


def measure(admin: str) -> Vitals:
    """Open the embedded home page and a settings page five times each, clicking and typing as a merchant does."""
    pages: Mapping[str, Callable[[Page, Frame], None]] = {admin: _look_around, admin + SETTINGS: _change}
    found: dict[str, list[dict[str, float]]] = {url: [] for url in pages}
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for _ in range(VISITS):
            for url, use in pages.items():
                page = browser.new_page(viewport={"width": 1200, "height": 900})
                page.add_init_script(_WATCH)
                page.goto(url)
                found[url].append(_visit(page, use))
                page.close()
        browser.close()
    worse = {
        name: max(statistics.median(one[name] for one in visits) for visits in found.values())
        for name in BUDGETS
    }
    return Vitals(**worse)


def _visit(page: Page, use: Callable[[Page, Frame], None]) -> dict[str, float]:
    frame = _app(page)
    frame.wait_for_selector("#page")
    frame.wait_for_load_state("load")
    page.wait_for_timeout(1000)
    use(page, frame)
    page.wait_for_timeout(1000)
    vitals: dict[str, Any] = frame.evaluate("window.vitals")
    return {name: float(vitals[name]) for name in BUDGETS}


def _look_around(page: Page, frame: Frame) -> None:
    frame.locator("h1, h2").first.click()
    for _ in range(3):
        page.keyboard.press("Tab")


def _change(page: Page, frame: Frame) -> None:
    """Change a number and a switch, which moves the preview and brings the save bar; nothing is saved."""
    number = frame.locator("s-number-field input").first
    number.click()
    number.press_sequentially("25", delay=120)
    frame.locator("s-switch input").first.click()


def _app(page: Page) -> Frame:
    page.wait_for_selector("iframe#app")
    handle = page.query_selector("iframe#app")
    frame = handle.content_frame() if handle else None
    if frame is None:
        raise LookupError("the admin shows no app")
    return frame


if __name__ == "__main__":
    import sys

    print(measure(sys.argv[1]))
