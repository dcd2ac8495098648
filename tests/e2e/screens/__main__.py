"""`python -m tests.e2e.screens`: pictures of every state into .cache/screens; 1 when a page fails.

A page fails when something that belongs on it is missing, a script breaks, a request goes elsewhere, or it is wider than
its window. `--every` takes every width in every dress, `--only` what matches a pattern.
"""

import argparse
import re
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests.e2e.admin.office import CDN, Office
from tests.e2e.conftest import Sandbox, running
from tests.e2e.screens import looks, parcels, plans, story, views
from tests.e2e.screens.looks import HEIGHTS, Look
from tests.e2e.screens.views import View
from tests.e2e.walk import ROOT, Walk
from tools.browser import launch
from tools.services import chromium

OUT = ROOT / ".cache" / "screens"
TALLEST = 6000


class Studio:
    """A browser with the sandbox before it; ``failed`` names each page that was not as it should be."""

    def __init__(self, browser: Browser, sandbox: Sandbox, only: str) -> None:
        self.browser = browser
        self.sandbox = sandbox
        self.only = re.compile(only)
        self.taken: list[Path] = []
        self.failed: list[str] = []

    @contextmanager
    def walk(self, look: Look) -> Iterator[Walk]:
        """A person in this dress, who notices what goes wrong."""
        with self._context(look) as context:
            walk = Walk(context, context.new_page(), self.sandbox.base, self.sandbox.app, look.locale)
            walk.page.goto(f"{walk.base}/?theme={look.theme}&locale={look.locale}")
            yield walk

    @contextmanager
    def _context(self, look: Look) -> Iterator[BrowserContext]:
        context = self.browser.new_context(
            locale="de-DE" if look.locale == "de" else "en-GB",
            color_scheme="dark" if look.scheme == "dark" else "light",
            reduced_motion="reduce",
            viewport={"width": look.widths[0], "height": HEIGHTS[look.widths[0]]},
        )
        yield context
        context.close()

    def take(self, wanted: Iterable[tuple[Look, Walk]], seen: Iterable[View], people: dict[str, int]) -> None:
        """Take each view in each dress."""
        shown = [view for view in seen if self.only.search(view.name)]
        for look, walk in wanted:
            signed_in: str | None = None
            for view in shown:
                if view.as_customer != signed_in:
                    number = people[view.as_customer] if view.as_customer else ""
                    walk.context.request.post(
                        f"{walk.base}/storefront/sign-in", form={"customer": str(number)}
                    )
                    signed_in = view.as_customer
                self._picture(look, walk, view)
            walk.context.request.post(f"{walk.base}/storefront/sign-in", form={"customer": ""})

    def take_plans(self, wanted: Iterable[Look], folder: Path) -> None:
        """Take the page about the plan in each state, in each dress."""
        furnished = plans.furnished(folder)
        for name, case in plans.CASES.items():
            if not self.only.search(name):
                continue
            with plans.staged(case, furnished, folder) as office:
                for look in wanted:
                    self._plan(look, office, case, f"{name}.{look.name}")

    def _plan(self, look: Look, office: Office, case: plans.Case, name: str) -> None:
        with self._context(look) as context:
            walk = Walk(context, context.new_page(), office.origin, CDN, look.locale)
            try:
                plans.show(walk.page, office, case, look.locale)
                for width in look.widths:
                    self._shoot(walk, width, f"{name}.{width}")
            except (AssertionError, Error) as error:
                self.failed.append(f"{name}: {str(error).splitlines()[0]}")
                walk.page.screenshot(path=OUT / f"{name}.FAILED.png")
            self.failed += [f"{name}: {error}" for error in walk.errors]

    def _picture(self, look: Look, walk: Walk, view: View) -> None:
        name = f"{view.name}.{look.name}"
        page, before = walk.page, len(walk.errors)
        try:
            _dress(page, look.widths[0], HEIGHTS[look.widths[0]])
            view.go(walk)
            for width in look.widths:
                self._shoot(walk, width, f"{name}.{width}")
        except (AssertionError, Error) as error:
            self.failed.append(f"{name}: {str(error).splitlines()[0]}")
            page.screenshot(path=OUT / f"{name}.FAILED.png")
        finally:
            page.unroute_all()
        self.failed += [f"{name}: {error}" for error in walk.errors[before:]]
        self.failed += [f"{name}: asked {url}" for url in walk.strangers()]

    def _shoot(self, walk: Walk, width: int, name: str) -> None:
        page = walk.page
        _dress(page, width, HEIGHTS[width])
        _rest(walk)
        # Not `full_page`: what lies below the window is not painted in frames of another process.
        if _dress(page, width, _height(walk, HEIGHTS[width])):
            _rest(walk)
        path = OUT / f"{name}.png"
        page.screenshot(path=path, animations="disabled")
        self.taken.append(path)
        wide = [one.url for one in page.frames if one.evaluate(IS_WIDE)]
        self.failed += [f"{name}: wider than its window: {url}" for url in wide]


def _dress(page: Page, width: int, height: int) -> bool:
    """Give the window this size; False when it has it already."""
    size = page.viewport_size
    if size is not None and (size["width"], size["height"]) == (width, height):
        return False
    page.set_viewport_size({"width": width, "height": height})
    return True


def _rest(walk: Walk) -> None:
    """Wait until every picture is loaded and nothing has grown or shrunk for a moment."""
    before = None
    for _ in range(100):
        now = [frame.evaluate(EXTENT) for frame in walk.page.frames]
        if now == before:
            return
        before = now
        walk.page.wait_for_timeout(40)


EXTENT = """async () => {
  const pictures = [...document.images];
  for (const picture of pictures) picture.loading = 'eager';
  await Promise.all(pictures.map((picture) => picture.decode().catch(() => {})));
  const {scrollHeight, scrollWidth} = document.documentElement;
  return [scrollHeight, scrollWidth, document.body.getBoundingClientRect().height];
}"""


IS_WIDE = "document.scrollingElement.scrollWidth > innerWidth"


def _height(walk: Walk, least: int) -> int:
    """How tall the window must be to show all of the page, and all of what the admin's frame holds."""
    page = walk.page
    whole: int = page.evaluate("document.documentElement.scrollHeight")
    frame = page.locator("iframe#app")
    if frame.count():
        inside = walk.app_frame().evaluate("document.documentElement.scrollHeight")
        whole += max(0, inside - frame.evaluate("(frame) => frame.clientHeight"))
    return min(TALLEST, max(least, whole))


def gallery(taken: Iterable[Path]) -> None:
    """Write a page that shows all pictures, state by state."""
    rows: dict[str, list[str]] = {}
    for path in taken:
        state, dress = path.stem.split(".", 1)
        rows.setdefault(state, []).append(
            f'<figure><a href="{path.name}"><img src="{path.name}" alt="" loading="lazy"></a>'
            f"<figcaption>{dress}</figcaption></figure>"
        )
    body = "".join(f"<h2>{state}</h2><div>{''.join(row)}</div>" for state, row in rows.items())
    style = (
        "body{font:14px sans-serif;margin:24px;background:#ddd}div{display:flex;gap:16px;overflow-x:auto;"
        "align-items:start}figure{margin:0}img{height:520px;width:auto;background:#fff}"
    )
    (OUT / "index.html").write_text(f"<!doctype html><title>Screens</title><style>{style}</style>{body}")


def shoot(studio: Studio, *, every: bool) -> None:
    """Tell the story and take its pictures as it goes."""
    shop, admin = looks.of_the_shop(every=every), looks.of_the_admin(every=every)
    with TemporaryDirectory() as folder:
        studio.take_plans(admin, Path(folder))
    with ExitStack() as stack:
        dressed = [(look, stack.enter_context(studio.walk(look))) for look in shop]
        desks = [(look, stack.enter_context(studio.walk(look))) for look in admin]
        waiting = [(look, stack.enter_context(studio.walk(look))) for look in shop]
        studio.take(desks, views.of_a_fresh_admin(), {})
        told = story.good_days(studio.sandbox)
        parcels.tell(told)
        for _, walk in waiting:
            views.lost(walk, told)
        studio.take(dressed, views.of_the_shop(told), told.people)
        story.bad_days(told)
        studio.take(dressed, views.of_bad_days(told), told.people)
        studio.take(desks, views.of_a_busy_admin(told), told.people)
        studio.take(waiting, [View("thank-you-late", views.given_up)], told.people)


def main() -> int:
    """Take the pictures and say how it went."""
    parser = argparse.ArgumentParser(prog="make screens", description=__doc__)
    parser.add_argument("--every", action="store_true", help="every width in every dress")
    parser.add_argument("--only", default="", help="a pattern that names the states")
    args = parser.parse_args()
    if chromium() is None:
        print("Chromium is missing: run make services.", file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    for old in OUT.glob("*.png"):
        old.unlink()
    started = time.monotonic()
    with TemporaryDirectory() as data, running(Path(data)) as sandbox, sync_playwright() as playwright:
        browser = launch(playwright)
        studio = Studio(browser, sandbox, args.only)
        shoot(studio, every=args.every)
        browser.close()
    gallery(studio.taken)
    for line in studio.failed:
        print(line, file=sys.stderr)
    seconds = time.monotonic() - started
    print(f"{len(studio.taken)} pictures in {seconds:.0f} s: {OUT / 'index.html'}")
    return 1 if studio.failed or not studio.taken else 0


if __name__ == "__main__":
    sys.exit(main())
