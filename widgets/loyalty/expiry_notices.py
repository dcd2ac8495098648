"""Telling customers ahead that points expire, through Shopify Flow: the shop decides there how they are told.

Once for each lot and notice period, with the points of that date alone. What Shopify may have heard is not said twice.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from plugin import settings, tasks
from plugin.clock import Job
from plugin.core import notices
from plugin.core.earning import midnight
from plugin.language import sentence
from plugin.settings import ShopSettings
from plugin.shopify import GatewayError, Unreachable, tell_of_ending
from plugin.shopify.flow import Ending
from plugin.shops import installed_shops
from plugin.tasks import Handler, TaskRun, Wanted
from widgets.base import Processing, Subject
from widgets.loyalty.settings import LoyaltySettings

NOTICE, TELL = "loyalty.notice", "loyalty.tell"
PORTION = 500
AT_ONCE = 50


def look(conn: Connection, shop_id: int | None, now: datetime) -> int:
    """Write down what ends soon in shops that want to be told, a portion at a time; returns how many lots."""
    notices.over(conn, now)
    found = [one.id for one in installed_shops(conn) if shop_id in {None, one.id}]
    versions = settings.versions(conn, found, [LoyaltySettings, ShopSettings])
    done = 0
    for shop in found:
        chosen = versions.current(shop, LoyaltySettings).value
        if not chosen.expiry_notice or not versions.stored(shop, ShopSettings):
            continue
        zone = versions.current(shop, ShopSettings).value.zone
        today = now.astimezone(zone).date()
        until = {
            days: midnight(today + timedelta(days=days + 1), zone) - timedelta.resolution
            for days in chosen.expiry_notice_days
        }
        count = notices.note(conn, shop, until, now, PORTION - done)
        if count:
            tasks.enqueue(conn, [Wanted(shop, TELL, "all", now, {})], now)
        done += count
        if done >= PORTION:
            break
    return done


async def tell(run: TaskRun) -> None:
    """Tell Flow of every noted date, once; what certainly did not arrive is told again by the next try."""
    zone = (await run.db.read(lambda conn: settings.current(conn, run.shop.id, ShopSettings))).zone
    today = run.now.astimezone(zone).date()
    while found := await run.db.read(
        partial(notices.waiting, shop_id=run.shop.id, zone=zone, now=run.now, most=AT_ONCE)
    ):
        for due in found:
            begun = partial(notices.begin, shop_id=run.shop.id, due=due, at=run.now)
            if not await run.db.write(begun):
                continue
            if due.customer_id is None or due.points <= 0:
                continue
            on = due.last.astimezone(zone).date()
            ending = Ending(due.customer_id, due.points, on, (on - today).days)
            try:
                await tell_of_ending(run.gateway, run.shop, ending)
            except GatewayError as error:
                if isinstance(error, Unreachable) and error.unknown:
                    continue
                await run.db.write(partial(notices.take_back, shop_id=run.shop.id, due=due))
                raise


def export(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield of which dates the person was told, or will be."""
    yield from notices.of_customers(conn, subject.shop_id, subject.customer_ids)


def erase(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget of what the person was told."""
    notices.forget(conn, subject.shop_id, subject.customer_ids)


NOTICES = Processing(
    what=sentence("That you were told ahead of points that expire, and when"),
    purpose=sentence("So that you hear of it in time, and once."),
    basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
    retention=sentence("Until those points have expired."),
    recipients=(sentence("Shopify Flow, which tells you in the way the shop has chosen"),),
    columns=("expiry_notice.expires_at", "expiry_notice.sent_at"),
    export=export,
    erase=erase,
)
"""Erased before the accounts lose their customers: it is found by them."""

TASKS: Mapping[str, Handler] = {TELL: tell}
JOBS = (Job(NOTICE, timedelta(hours=6), look),)
