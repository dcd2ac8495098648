"""The page about the plan in every state that a vendor can tell of, for a shop with a year behind it."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import Connection, insert

from plugin.billing import subscriptions
from plugin.billing.protocol import Abilities, Invoice
from plugin.billing.subscriptions import State, Told
from plugin.core.fates import Fate
from plugin.core.order_book import order
from plugin.shops import find_shop
from tests.e2e.admin.office import Office, furnish, running
from tests.integration.billing.till import ALL, Till, nothing_taken
from tests.integration.widgets.stage import config

PATH = "/admin/plan"
OUTSIDE = "window.opened = []; window.open = (address, where) => { window.opened.push([address, where]); };"
"""Whatever is opened outside of the frame is remembered, and stays closed."""
AT_SHOPIFY = Abilities(begins=True, manages=True)
SHARES = (0.41, 0.38, 0.52, 0.47, 0.55, 0.61, 0.58, 0.66, 0.74, 0.71, 0.83)
"""What was kept in the eleven months before, as a share of this month's."""
LEFT_OUT = {Fate.REFUNDED: 9, Fate.CANCELLED: 4, Fate.TEST: 2, Fate.UNPAID: 3, Fate.WORTHLESS: 1}


@dataclass(frozen=True)
class Case:
    """One state: so many orders kept this month, too many since so many days, and what the vendor says and can do."""

    kept: int
    told: Callable[[datetime], Told] | None = nothing_taken
    can: Abilities = ALL
    over: int | None = None
    silent: bool = False
    path: str = PATH
    press: str = ""


def paid(now: datetime, **changes: object) -> Told:
    """What is said of a shop that pays for a plan, unless something else is."""
    told = Told(
        kind="till",
        state=State.ACTIVE,
        checked_at=now,
        plan="small",
        payer_id="payer",
        currency="EUR",
        amount=19_00,
        period_end=now + timedelta(days=12),
    )
    return replace(told, **changes)  # type: ignore[arg-type]


CASES = {
    "admin-plan-fresh": Case(0),
    "admin-plan-free": Case(118),
    "admin-plan-near": Case(243),
    "admin-plan-grace": Case(312, over=9),
    "admin-plan-over": Case(312, over=34),
    "admin-home-grace": Case(312, over=9, path="/"),
    "admin-home-over": Case(312, over=34, path="/"),
    "admin-coupon-over": Case(312, over=34, path="/admin/widgets/coupon"),
    "admin-loyalty-over": Case(312, over=34, path="/admin/widgets/loyalty"),
    "admin-plan-paid": Case(871, paid),
    "admin-plan-sure": Case(871, paid, press="#offer-medium s-button"),
    "admin-plan-open": Case(118, press="#offer-small s-button"),
    "admin-plan-paid-at-shopify": Case(871, paid, AT_SHOPIFY),
    "admin-plan-largest": Case(5_230, lambda now: paid(now, plan="large", amount=149_00)),
    "admin-plan-past-due": Case(
        871, lambda now: paid(now, state=State.PAST_DUE, past_due_since=now - timedelta(days=4))
    ),
    "admin-plan-ending": Case(
        871, lambda now: paid(now, state=State.CANCELLED, cancel_at=now + timedelta(days=12))
    ),
    "admin-plan-frozen": Case(871, lambda now: paid(now, state=State.FROZEN), AT_SHOPIFY),
    "admin-plan-trial": Case(
        871, lambda now: paid(now, state=State.TRIALING, trial_end=now + timedelta(days=9))
    ),
    "admin-plan-changing": Case(
        871, lambda now: paid(now, pending_plan="medium", pending_at=now + timedelta(days=12)), AT_SHOPIFY
    ),
    "admin-plan-unknown": Case(871, lambda now: paid(now, plan="gold-2025", amount=29_00)),
    "admin-plan-silent": Case(871, paid, silent=True),
    "admin-plan-silent-ever": Case(118, None, silent=True),
    "admin-plan-none": Case(118, None, can=Abilities(needed=False)),
}


@contextmanager
def staged(case: Case, furnished: Path, folder: Path) -> Iterator[Office]:
    """Run the app in this state, with a copy of that database."""
    path = folder / "plans.db"
    shutil.copy(furnished, path)
    now = datetime.now(UTC)
    tills: list[Till] = []

    def billing(db: object) -> Till:
        till = Till(db, None if case.silent or case.told is None else case.told(now), case.can)  # type: ignore[arg-type]
        till.kind = "till" if case.can.needed else "none"
        till.listed = bills(now) if case.told is paid else ()
        tills.append(till)
        return till

    with running(config(f"sqlite:///{path}"), billing) as office:
        office.write(lambda conn: _happened(conn, case, now))
        yield office


def bills(now: datetime) -> Sequence[Invoice]:
    """Three months' invoices, one of them given back."""
    states = ("paid", "paid", "refunded")
    return tuple(
        Invoice(
            f"R-{2041 - n}",
            now - timedelta(days=18 + 30 * n),
            19_00,
            "EUR",
            state,
            page="https://till.example/r",
        )
        for n, state in enumerate(states)
    )


def _happened(conn: Connection, case: Case, now: datetime) -> None:
    shop = find_shop(conn, "example")
    assert shop is not None
    rows = []
    for number, share in enumerate((*SHARES, 1.0)):
        at = _months_ago(now, len(SHARES) - number)
        fates = {Fate.KEPT: round(case.kept * share), **(LEFT_OUT if case.kept else {})}
        row = {"shop_id": shop.id, "processed_at": at, "first_at": at}
        rows += [{**row, "fate": fate.value} for fate, many in fates.items() for _ in range(many)]
    if rows:
        conn.execute(insert(order), rows)
    if case.told is not None:
        subscriptions.record(conn, shop.id, case.told(now - timedelta(days=1)))
    if case.over is not None:
        subscriptions.keep_over(conn, shop.id, "till", now - timedelta(days=case.over))


def _months_ago(now: datetime, number: int) -> datetime:
    """The middle of an earlier month, or now."""
    if not number:
        return now
    month = now.year * 12 + now.month - 1 - number
    return now.replace(year=month // 12, month=month % 12 + 1, day=15)


def furnished(folder: Path) -> Path:
    """Make a database with a shop that has been here for more than a year, to copy."""
    path = folder / "furnished.db"
    furnish(config(f"sqlite:///{path}"), timedelta(days=400))
    return path


def show(page: Page, office: Office, case: Case, locale: str) -> None:
    """Open the page, press what the case says, and return when all of it is there."""
    page.add_init_script(OUTSIDE)
    office.enter(page, case.path, locale=locale)
    expect(page.locator("s-page")).to_be_visible()
    if case.path == PATH:
        expect(page.locator("#page s-badge").first).to_be_visible()
    if case.press:
        page.locator(case.press).click()
        expect(page.locator("#sure > *")).to_be_visible()
