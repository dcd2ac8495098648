"""The check of a seal: asked for when it is saved and every week, and sooner again while it may only be an outage."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from plugin import settings, tasks
from plugin.clock import Job
from plugin.database import Upsert, among
from plugin.settings import Section
from plugin.shops import Shop
from plugin.shops import shop as shop_table
from plugin.tasks import Handler, TaskRun, Wanted, task
from widgets.trust.fetching import LIMIT, Fetcher, NoPage, Owns
from widgets.trust.issuers import by_name
from widgets.trust.links import host_of
from widgets.trust.reading import Names, controls, is_own, names
from widgets.trust.results import PASSING, Result
from widgets.trust.settings import Seal, TrustSettings
from widgets.trust.tables import trust_check

CHECK = "trust.check"
"""The task that checks one seal; its key is the seal's fingerprint."""

WEEK = timedelta(days=7)
HOLDS_FOR = timedelta(days=15)
"""A check this old no longer counts: somebody must have looked since."""

FIRST_RETRY, LAST_RETRY = timedelta(minutes=5), timedelta(days=1)
PORTION = 200

TURN, IN_A_TURN = timedelta(seconds=LIMIT), 4
"""A turn is as long as a check can take; a worker has twice as many hands as checks begin in one."""

_READ = select(
    trust_check.c.fingerprint, trust_check.c.result, trust_check.c.checked_at, trust_check.c.failures
).where(trust_check.c.shop_id == bindparam("shop"))
_GONE = delete(trust_check).where(
    trust_check.c.shop_id == bindparam("shop"), among(trust_check.c.fingerprint, "fingerprints")
)
_ADD = Upsert(lambda insert: insert(trust_check).on_conflict_do_nothing())
_FOUND = (
    update(trust_check)
    .where(trust_check.c.shop_id == bindparam("shop"), trust_check.c.fingerprint == bindparam("seal"))
    .values(
        result=bindparam("new_result"),
        failures=bindparam("new_failures"),
        checked_at=bindparam("now"),
        due_at=bindparam("again_at"),
    )
)
_DUE = (
    select(trust_check.c.shop_id, trust_check.c.fingerprint)
    .join(shop_table, shop_table.c.id == trust_check.c.shop_id)
    .where(trust_check.c.due_at <= bindparam("now"), shop_table.c.uninstalled_at.is_(None))
    .order_by(trust_check.c.due_at, trust_check.c.shop_id, trust_check.c.fingerprint)
    .limit(PORTION)
)
_WAITING = select(func.count()).where(task.c.name == CHECK, task.c.state == "waiting")
_ASKED = (
    update(trust_check)
    .where(trust_check.c.shop_id == bindparam("shop"), among(trust_check.c.fingerprint, "fingerprints"))
    .values(due_at=bindparam("again_at"))
)


def fingerprint(seal: Seal) -> str:
    """Return what names a seal as far as its check is concerned."""
    told = f"{seal.issuer}\n{seal.seal_id}\n{seal.verify_url}"
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def checks(conn: Connection, shop_id: int) -> Mapping[str, Any]:
    """Return what the last checks of a shop's seals found, by fingerprint."""
    return {row.fingerprint: row for row in conn.execute(_READ, {"shop": shop_id})}


def on_change(conn: Connection, shop_id: int, before: Section, after: Section, now: datetime) -> None:
    """Ask for the check of every seal that is new, and forget those that are gone."""
    wanted = {fingerprint(seal) for seal in _seals(after)}
    known = checks(conn, shop_id).keys()
    if gone := sorted(known - wanted):
        conn.execute(_GONE, {"shop": shop_id, "fingerprints": gone})
    if new := sorted(wanted - known):
        rows = [{"shop_id": shop_id, "fingerprint": one, "result": Result.OPEN, "due_at": now} for one in new]
        conn.execute(_ADD.on(conn), rows)
        ask(conn, shop_id, new, now)


def ask(conn: Connection, shop_id: int, fingerprints: Iterable[str], now: datetime) -> None:
    """Have these seals of a shop checked as soon as it is their turn; should that get lost, the clock asks a day later.

    However many are asked for, a few begin in each turn, so that pages that hang keep no other task waiting.
    """
    asked = sorted(fingerprints)
    before: int = conn.execute(_WAITING).scalar_one()
    wanted = [
        Wanted(shop_id, CHECK, one, now + TURN * (place // IN_A_TURN), {})
        for place, one in enumerate(asked, before)
    ]
    tasks.enqueue(conn, wanted, now)
    conn.execute(_ASKED, {"shop": shop_id, "fingerprints": asked, "again_at": now + LAST_RETRY})


def ask_due(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Ask for the checks whose time has come, a portion at a time; returns how many."""
    due = _DUE if shop_id is None else _DUE.where(trust_check.c.shop_id == shop_id)
    rows = conn.execute(due, {"now": now}).all()
    by_shop: dict[int, list[str]] = {}
    for row in rows:
        by_shop.setdefault(row.shop_id, []).append(row.fingerprint)
    for shop, found in by_shop.items():
        ask(conn, shop, found, now)
    return len(rows)


def checked_by(fetcher: Fetcher) -> Handler:
    """Return the task's handler with its way out; tests give it one that reaches a server of their own."""

    async def check(run: TaskRun) -> None:
        """Look at the issuer's page, and record what it says."""
        seal = await run.db.read(lambda conn: _seal(conn, run.shop.id, run.key))
        if seal is not None:
            result = await found(seal, run.shop, fetcher)
            await run.db.write(lambda conn: record(conn, run.shop.id, run.key, result, run.now))

    return check


async def found(seal: Seal, shop: Shop, fetcher: Fetcher) -> Result:
    """Return what the issuer's page says of a shop; a page of the shop itself is not even asked."""
    host, hosts, issuer = host_of(seal.verify_url), (shop.host, shop.domain), by_name(seal.issuer)
    if is_own(host, hosts):
        return Result.OWN

    def owns(other: str) -> bool:
        same = other.removeprefix("www.") == host.removeprefix("www.")
        return same if issuer is None else issuer.owns(other)

    try:
        page = await fetcher.page(seal.verify_url, owns)
    except NoPage as none:
        return none.result
    named = names(page, hosts, seal.seal_id)
    control = None if named is Names.NEITHER else controls(seal.verify_url, named, hosts, seal.seal_id)
    if control is not None and await _echoes(control, named, fetcher, owns):
        return Result.NEITHER
    return Result(named.value)


async def _echoes(control: tuple[str, str], named: Names, fetcher: Fetcher, owns: Owns) -> bool:
    """Tell whether the issuer's page says of somebody made up what it said of the shop."""
    url, other = control
    try:
        page = await fetcher.page(url, owns)
    except NoPage:
        return False
    hosts, seal_id = ((), other) if named is Names.ID else ((other,), "")
    return names(page, hosts, seal_id) is named


def record(conn: Connection, shop_id: int, seal: str, result: Result, now: datetime) -> None:
    """Record a check; what may pass by itself is tried again after minutes, then hours, at the latest after a day."""
    row = checks(conn, shop_id).get(seal)
    if row is None:
        return
    failures = row.failures + 1 if result in PASSING else 0
    wait = min(LAST_RETRY, FIRST_RETRY * 3 ** min(failures - 1, 8)) if failures else WEEK
    conn.execute(
        _FOUND,
        {
            "shop": shop_id,
            "seal": seal,
            "new_result": result,
            "new_failures": failures,
            "now": now,
            "again_at": now + wait,
        },
    )


def _seal(conn: Connection, shop_id: int, key: str) -> Seal | None:
    seals = settings.current(conn, shop_id, TrustSettings).seals
    return next((seal for seal in seals if fingerprint(seal) == key), None)


def _seals(section: Section) -> tuple[Seal, ...]:
    return section.seals if isinstance(section, TrustSettings) else ()


TASKS: Mapping[str, Handler] = {CHECK: checked_by(Fetcher())}
JOBS = (Job(CHECK, timedelta(minutes=5), ask_due),)
