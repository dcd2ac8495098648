"""A shop, for the browser to visit."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.e2e.storefront.shop import Shop, running

ROOT = Path(__file__).resolve().parents[3]

SHIFTS = """
window.shift = 0; window.faults = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({type: 'layout-shift', buffered: true});
addEventListener('error', (event) => window.faults.push(String(event.message)));
addEventListener('unhandledrejection', (event) => window.faults.push(String(event.reason)));
"""
"""Counts what moved under the visitor's eyes, and what a script threw."""


@pytest.fixture(scope="session")
def assets() -> None:
    """The loader and htmx, made now."""
    subprocess.run(["node", "tools/build-extensions.mjs"], cwd=ROOT, check=True)


@pytest.fixture
def context(browser: Browser, assets: None) -> Iterator[BrowserContext]:
    found = browser.new_context(viewport={"width": 800, "height": 600})
    found.add_init_script(SHIFTS)
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with running(Shop()) as found:
        yield found
