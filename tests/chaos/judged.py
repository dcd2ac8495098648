"""What must hold after a run: nothing lost, nothing doubled, nothing left over, and every figure the oracle's."""

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from plugin import backlog, shops
from plugin.core.order_book import order
from tests.chaos.messages import KNOWN, TOLD, Message, Past
from tests.chaos.programs import ROOT
from tests.chaos.sender import Sender
from tests.chaos.stage import Stage
from tests.engine import LONG_AGO
from tests.integration.coupon.test_converges import given_codes, shown
from tests.integration.engine.test_converges import compare_account, compare_orders
from tests.integration.operations.processes import DANKBAR
from tests.oracle.model import History, Verdict, judge
from webhooks.inbox import HANDLED, PARKED, inbox
from widgets.coupon.tables import OF_COUPON, coupon_code

_ROWS = select(inbox.c.shop, inbox.c.webhook_id, inbox.c.state, inbox.c.body, inbox.c.handled_at)


def stored(conn: Connection) -> list[str]:
    """The webhook ids in the inbox, once for each row."""
    return list(conn.execute(select(inbox.c.webhook_id)).scalars())


def lost(taken: Iterable[str], found: Iterable[str]) -> set[str]:
    """What was answered with 200 and is not there."""
    return set(taken) - set(found)


def breaches(stage: Stage, sender: Sender, past: Past, installed_at: datetime, now: datetime) -> list[str]:
    """All that does not hold, in sentences."""

    def look(conn: Connection) -> list[str]:
        return [
            *_inbox(conn, sender, past.messages),
            *_figures(conn, past, installed_at, now),
            *_coupons(conn, stage, past, installed_at, now),
            *(f"parked task: {one}" for one in backlog.read(conn, now).parked if one.id.startswith("t")),
        ]

    return [*_verified(stage), *stage.asked(look)]


def _inbox(conn: Connection, sender: Sender, messages: Sequence[Message]) -> Iterator[str]:
    rows = list(conn.execute(_ROWS))
    found = Counter((row.shop, row.webhook_id) for row in rows)
    due = {(one.shop, one.id): one.fate for one in messages if one.fate != "refused"}
    if set(found) != set(due) or found.total() != len(due):
        yield f"stored: {found.total()} rows of {len(due)}, not there {sorted(set(due) - set(found))[:5]}"
    if set(sender.taken) != {id for _, id in due}:
        yield f"{len(sender.taken)} webhooks were answered with 200 and {len(due)} were sent"
    for row in rows:
        fate = due.get((row.shop, row.webhook_id))
        done = row.state == HANDLED and row.body is None and row.handled_at is not None
        if not (done if fate == "handled" else row.state == PARKED):
            yield f"{row.webhook_id} is {row.state}, to be {fate}"


def _verdict(past: Past, shop: str, installed_at: datetime, now: datetime, conn: Connection) -> Verdict:
    told = [one.says for one in past.messages if one.shop == shop and one.says is not None]
    history = History(
        deliveries=(*told, *(past.fetched if shop == KNOWN else ())),
        active_from=LONG_AGO,
        installed_at=installed_at,
        codes=given_codes(conn),
    )
    return judge(history, now)


def _figures(conn: Connection, past: Past, installed_at: datetime, now: datetime) -> Iterator[str]:
    for handle in (TOLD, KNOWN):
        shop = shops.find_shop(conn, handle)
        assert shop is not None
        verdict = _verdict(past, handle, installed_at, now, conn)
        for due in verdict.accounts.values():
            try:
                compare_account(conn, shop, due, now)
            except AssertionError as error:
                yield f"account of {due.root} in {handle}: {error}"
        try:
            compare_orders(conn, verdict)
        except (AssertionError, KeyError) as error:
            yield f"orders of {handle}: {error!r}"


def _coupons(
    conn: Connection, stage: Stage, past: Past, installed_at: datetime, now: datetime
) -> Iterator[str]:
    known = set(conn.execute(select(order.c.order_id)).scalars())
    for handle in (TOLD, KNOWN):
        shop = shops.find_shop(conn, handle)
        assert shop is not None
        state = shown(conn, shop, now)
        at_shopify = {
            one.code
            for node in stage.shopify.state.shops[handle].discounts.values()
            for one in node.codes.values()
        }
        rows = conn.execute(
            select(coupon_code).where(coupon_code.c.state.in_(OF_COUPON), coupon_code.c.shop_id == shop.id)
        ).all()
        for what in ("order_ref", "code"):
            twice = [one for one, times in Counter(getattr(row, what) for row in rows).items() if times > 1]
            if twice:
                yield f"{len(twice)} coupons share their {what}"
        if missing := [dict(row._mapping) for row in rows if row.code not in at_shopify]:
            yield f"{len(missing)} codes of {handle} were given and are not at Shopify: {missing[:2]}"
        for due in _verdict(past, handle, installed_at, now, conn).orders.values():
            allowed = due.coupon - {"pending"}
            if due.snapshot is not None and (due.id not in known or state.get(due.id) not in allowed):
                yield f"coupon of order {due.id} is {state.get(due.id)}, to be {sorted(allowed)}"


def _verified(stage: Stage) -> Iterator[str]:
    values = stage.values | {"DANKBAR_DATABASE_URL": stage.url, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([DANKBAR, "verify", "--json"], env=values, capture_output=True, check=False)
    report = (
        json.loads(done.stdout.splitlines()[-1]) if done.stdout else {"ok": False, "breaches": done.stderr}
    )
    if done.returncode or not report["ok"] or report["inbox_waiting"]:
        yield f"verify: {done.returncode} {report}"
