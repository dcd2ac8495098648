"""What a merchant's browser measures of an admin page in the sandbox: LCP, CLS and INP, medians of five visits."""

import statistics
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Frame, Page, sync_playwright

from tools.browser import launch

VISITS = 5
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
    """Medians; a figure of milliseconds or a share of the screen that moved."""

    lcp_ms: float
    cls: float
    inp_ms: float


def measure(admin: str) -> Vitals:
    """Open the embedded home page and a settings page five times each, clicking and typing as a merchant does."""
    found: list[dict[str, float]] = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        for _ in range(VISITS):
            page = browser.new_page(viewport={"width": 1200, "height": 900})
            page.add_init_script(_WATCH)
            page.goto(admin)
            found.append(_visit(page))
            page.close()
        browser.close()
    return Vitals(**{name: statistics.median(one[name] for one in found) for name in BUDGETS})


def _visit(page: Page) -> dict[str, float]:
    frame = _app(page)
    frame.wait_for_load_state("load")
    page.wait_for_timeout(1500)
    frame.locator("a, button").first.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.wait_for_timeout(500)
    vitals: dict[str, Any] = frame.evaluate("window.vitals")
    return {name: float(vitals[name]) for name in BUDGETS}


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
