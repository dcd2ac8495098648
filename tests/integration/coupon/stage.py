"""A shop whose orders are told to the coupon's effect as the worker tells them, on a clock of the test's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from plugin import settings
from plugin.core import accounts, codes, order_book, order_codec
from plugin.core.order_book import order
from plugin.core.orders import Arrival, Line, OrderFacts, Snapshot
from plugin.crypto import Keyring
from plugin.database import Database
from plugin.language import language
from plugin.settings import ShopSettings
from plugin.shops import Shop, Tokens, record_exchange
from plugin.tasks import task
from widgets.base import Context, OrderRef, Surface
from widgets.coupon import asking, campaigns, offers, tables
from widgets.coupon.deciding import MODELS
from widgets.coupon.effects import on_orders
from widgets.coupon.invariants import INVARIANTS
from widgets.coupon.preparing import on_change
from widgets.coupon.settings import CouponSettings
from widgets.coupon.stamps import Counted
from widgets.coupon.tables import FREE, coupon_code, coupon_customer
from widgets.coupon.view import CouponView, view

KEYRING = Keyring((b"k" * 32,))
LOCALES = Path(tables.__file__).parent / "locales"
_gids = count(1)


def facts(now: datetime, order_id: int, **changes: Any) -> OrderFacts:
    """A paid order of 49.90 EUR, placed a moment ago."""
    made = OrderFacts(
        id=order_id,
        updated_at=now,
        created_at=now,
        processed_at=now,
        cancelled_at=None,
        test=False,
        currency="EUR",
        taxes_included=True,
        status="paid",
        outstanding=0,
        subtotal=4990,
        tax=797,
        source="web",
        lines=(Line(1, 2, 1, 1, gift_card=False, ships=True, price=4990),),
        country="DE",
    )
    return replace(made, **changes)


def install(conn: Connection, handle: str, now: datetime, coupon: CouponSettings) -> Shop:
    """A shop that installed the app at this instant."""
    shop = record_exchange(conn, handle, Tokens("access", None, None, None), "", now, KEYRING)
    own = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from=now.isoformat())
    settings.establish(conn, shop.id, [own, coupon], now)
    return shop


def mint(conn: Connection, shop_id: int, amount: int, now: datetime) -> None:
    """Put so many codes into the pool of each of a shop's campaigns on offer, as if minted."""
    running = offers.of_shop(settings.versions(conn, [shop_id], MODELS), shop_id)
    wanted = [(shop_id, offer.gives) for offer in running]
    for node in campaigns.all_nodes(conn, wanted, now).values():
        rows = [
            {
                "shop_id": shop_id,
                "node_id": node.id,
                "code": code,
                "gid": f"gid://shopify/DiscountRedeemCode/{next(_gids)}",
                "state": FREE,
            }
            for code in codes.new_codes(amount, node.campaign.prefix)
        ]
        conn.execute(insert(coupon_code), rows)


@dataclass(slots=True)
class Stage:
    """One shop and its database; ``now`` is the instant at which things happen next."""

    db: Database
    shop: Shop
    now: datetime

    def arrival(self, order_id: int, shop: Shop | None = None, **changes: Any) -> Arrival:
        told = facts(self.now, order_id, **changes)
        return Arrival((shop or self.shop).id, order_id, Snapshot(told))

    async def tell(self, *arrivals: Arrival) -> None:
        """Have these arrive as one batch."""

        def work(conn: Connection) -> None:
            changes = order_book.absorb(conn, arrivals, self.now)
            on_orders(conn, [one for one in changes if one.state.snapshot is not None], self.now)

        await self.db.write(work)

    async def order(self, order_id: int, **changes: Any) -> None:
        """Have one snapshot of an order arrive."""
        await self.tell(self.arrival(order_id, **changes))

    async def again(self, *order_ids: int) -> None:
        """Derive orders from what is known of them, as after a change of settings."""

        def work(conn: Connection) -> None:
            refs = conn.execute(select(order.c.id).where(order.c.order_id.in_(order_ids))).scalars()
            on_orders(conn, order_book.load(conn, list(refs)), self.now)

        await self.db.write(work)

    async def answer(self, customer_id: int, orders: int, *tags: str, day: date | None = None) -> None:
        """Have Shopify's answer about a customer arrive: how many orders they have placed, their tags of a day."""

        def work(conn: Connection) -> None:
            mine = select(coupon_customer.c.id).where(coupon_customer.c.customer_id == customer_id)
            key = conn.execute(mine).scalar_one_or_none() or 0
            told = asking.Answer(Counted(orders, self.now), day, tags)
            asking.decide(conn, self.shop.id, key, told, self.now)

        await self.db.write(work)

    async def merge(self, deleted: int, kept: int) -> None:
        """Have a completed merge of customers arrive."""

        def work(conn: Connection) -> None:
            root = accounts.merge(conn, self.shop.id, deleted, kept)
            asking.on_merge(conn, self.shop.id, root, self.now)

        await self.db.write(work)

    def pass_time(self, **amount: float) -> None:
        self.now += timedelta(**amount)

    async def fill(self, amount: int, shop: Shop | None = None) -> None:
        """Put so many codes into the pool of each campaign on offer, as if minted."""
        owner = shop or self.shop
        await self.db.write(lambda conn: mint(conn, owner.id, amount, self.now))

    async def set(self, **patch: object) -> None:
        """Change the coupon's settings, as the merchant does."""
        hooks = [on_change]
        await self.db.write(
            lambda conn: settings.change(conn, self.shop.id, CouponSettings, patch, self.now, hooks=hooks)
        )

    async def seen(
        self,
        order_id: int,
        locale: str = "de",
        shop: Shop | None = None,
        tone: str = "sie",
        customer_id: int | None = None,
    ) -> CouponView:
        """What the order's page shows, to the customer where it is theirs."""
        _, found = await self.page(order_id, locale, shop, tone, customer_id)
        assert found is not None
        return found

    async def page_without_order(
        self,
        customer_id: int | None = None,
        locale: str = "de",
        tone: str = "sie",
        *,
        shop: Shop | None = None,
        surface: Surface = Surface.STOREFRONT,
    ) -> CouponView | None:
        """What the shop's other pages show, to a customer who is signed in."""
        _, found = await self.page(None, locale, shop, tone, customer_id, surface)
        return found

    async def page(
        self,
        order_id: int | None,
        locale: str,
        shop: Shop | None,
        tone: str,
        customer_id: int | None,
        surface: Surface = Surface.THANK_YOU,
    ) -> tuple[Context, CouponView | None]:
        """A page's context, and what it shows of coupons."""
        owner = shop or self.shop

        def work(conn: Connection) -> tuple[Context, CouponView | None]:
            about = None
            if order_id is not None:
                row = conn.execute(select(order).where(order.c.order_id == order_id)).one()
                about = OrderRef(row.id, order_id, order_codec.decode(row.state), row.first_at)
            ctx = Context(
                shop=owner,
                settings=settings.current(conn, owner.id, ShopSettings),
                language=language(locale, tone, folder=LOCALES),
                surface=surface,
                now=self.now,
                order=about,
                customer_id=customer_id,
            )
            return ctx, view(conn, ctx, settings.current(conn, owner.id, CouponSettings))

        return await self.db.read(work)

    async def code(self, order_id: int) -> str:
        """The code on the order's page."""
        found = (await self.seen(order_id)).code
        assert found is not None
        return found

    async def states(self, order_ids: Iterable[int]) -> list[str]:
        return [(await self.seen(order_id)).state for order_id in order_ids]

    async def tasks(self) -> list[tuple[str, str]]:
        """Name and key of every task that waits."""
        found = select(task.c.name, task.c.key).order_by(task.c.name, task.c.key)
        return [(row.name, row.key) for row in await self.db.read(lambda conn: conn.execute(found).all())]

    async def forget_tasks(self) -> None:
        """Let every task be done or given up."""
        await self.db.write(lambda conn: conn.execute(task.delete()))

    async def rows(self, table: Any, *columns: str) -> list[tuple[Any, ...]]:
        """The rows of a table as sorted tuples."""
        statement = select(*(table.c[name] for name in columns)) if columns else select(table)
        found = await self.db.read(lambda conn: conn.execute(statement).all())
        return sorted((tuple(row) for row in found), key=repr)

    async def breaches(self) -> Sequence[str]:
        """What ``dankbar verify`` would say of coupons."""
        return await self.db.read(
            lambda conn: [breach.detail for one in INVARIANTS for breach in one.check(conn, None, self.now)]
        )


async def open_stage(db: Database, now: datetime, coupon: CouponSettings | None = None) -> Stage:
    """A shop that installed the app an hour before ``now``."""
    made = coupon or CouponSettings()
    shop = await db.write(lambda conn: install(conn, "example", now - timedelta(hours=1), made))
    return Stage(db, shop, now)
