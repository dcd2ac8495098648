"""The whole application with two shops in it, one of which has much to hide; and every route there is."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import Connection, Table, insert, select, update
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

import widgets
from plugin import schema
from plugin.admin.door import AdminDoor
from plugin.app import WEBHOOKS, Front, create_app
from plugin.core import adjustments, data_requests
from plugin.core.order_book import order
from plugin.runtime import Runtime
from plugin.shops import Shop, shop
from tests.integration.admin.stage import Stage
from tests.integration.coupon.stage import mint
from tests.integration.widgets.stage import CUSTOMER, ORDER, config, install
from webhooks.inbox import PARKED, inbox

POINTS = 31_337
SUBTOTAL = 100 * (POINTS + 90)
REWARD = {"id": "one", "title": "Reward of the first house", "cost": 10, "kind": "amount", "value": 500}
SEAL = {
    "issuer": "Trusted Shops",
    "seal_id": "X1",
    "verify_url": "https://www.trustedshops.de/x",
    "valid_until": "2099-12-31",
}
HIDDEN = {
    "name": "Hidden and Sons",
    "reason": "A reason that stays in the house",
    "reward": str(REWARD["title"]),
    "carrier": "Hidden Carriers",
    "reachable": "The hours of the first house",
    "parked": "set aside in the first house",
}
"""What only the first shop may read, beside its numbers and codes."""


@dataclass(slots=True)
class House:
    """The application as it is served, the shop ``example`` that hides something, and ``other``."""

    stage: Stage
    pages: Starlette
    codes: tuple[str, ...]
    parked: int
    request: int

    def secrets(self) -> dict[str, tuple[str, ...]]:
        """What an answer to somebody else may not hold, each in the ways in which it may be written."""
        numbers = {"points": (f"{POINTS}", f"{POINTS:,}", f"{POINTS:,}".replace(",", "."))}
        return {**{name: (text,) for name, text in HIDDEN.items()}, **numbers, "codes": self.codes}

    async def rows(self, owner: Shop) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of one shop, and of the tables that belong to none."""
        return await self.stage.db.read(lambda conn: _rows(conn, owner))


def routes(pages: Starlette) -> Iterator[tuple[str, str]]:
    """Method and path, parameters and all, of every route of the application, those behind a door included."""
    yield "POST", WEBHOOKS
    for route in pages.routes:
        assert isinstance(route, Route), route
        if isinstance(route.endpoint, AdminDoor):
            continue
        for method in sorted((route.methods or {"GET", "POST"}) - {"HEAD"}):
            yield method, route.path
    doors = {id(one.endpoint): one.endpoint for one in pages.routes if isinstance(one, Route)}
    for door in doors.values():
        if isinstance(door, AdminDoor):
            for route in door._pages.app.routes:  # type: ignore[attr-defined]
                assert isinstance(route, Route), route
                for method in sorted((route.methods or {"GET", "POST"}) - {"HEAD"}):
                    yield method, route.path


@asynccontextmanager
async def open_house(database_url: str) -> AsyncIterator[House]:
    """Run the application, without a worker, and furnish both shops."""
    made = config(database_url)
    app = create_app(made, with_worker=False)
    assert isinstance(app, Front)
    pages = app._pages
    assert isinstance(pages, Starlette)
    async with AsyncExitStack() as stack:
        state: Any = await stack.enter_async_context(pages.router.lifespan_context(pages))

        async def started(scope: Scope, receive: Receive, send: Send) -> None:
            scope["state"] = dict(state)
            await app(scope, receive, send)

        transport = httpx.ASGITransport(app=started, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://app")
        await stack.enter_async_context(client)
        runtime: Runtime = state["runtime"]
        now = datetime.now(UTC) - timedelta(minutes=1)

        def two(conn: Connection) -> tuple[Shop, Shop]:
            keyring = runtime.keyring
            return install(conn, "example", keyring, now), install(conn, "other", keyring, now)

        first, second = await runtime.db.write(two)
        stage = Stage(runtime, first, second, client, stack)
        yield await _furnish(stage, pages, now)


async def _furnish(stage: Stage, pages: Starlette, now: datetime) -> House:
    """Give the first shop everything that a shop can have, and the second something of its own."""
    owner = stage.shop
    sections: dict[str, dict[str, Any]] = {
        "loyalty": {"rewards": [REWARD], "pending_days": 0},
        "delivery": {"lanes": [_lane(HIDDEN["carrier"])]},
        "trust": {"hours": HIDDEN["reachable"], "seals": [SEAL]},
    }

    def settle(conn: Connection) -> None:
        for section, patch in sections.items():
            widgets.change_settings(conn, owner.id, section, patch, now)
        conn.execute(update(shop).where(shop.c.id == owner.id).values(name=HIDDEN["name"]))
        for one in (owner, stage.other):
            mint(conn, one.id, 5, now)

    await stage.db.write(settle)
    long_ago = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
    await stage.tell(ORDER - 1, processed_at=long_ago, subtotal=SUBTOTAL, tax=0)
    await stage.tell(ORDER, subtotal=50, tax=0)
    await stage.tell(ORDER + 1, shop=stage.other, customer_id=CUSTOMER + 1)

    def fill(conn: Connection) -> House:
        made = adjustments.Adjustment("nonce" * 4, -90, HIDDEN["reason"], 42, told=True)
        adjustments.adjust(conn, owner.id, CUSTOMER, made, None, datetime.now(UTC))
        refs = widgets.subject(conn, owner.id, None, (ORDER,)).order_refs
        data_requests.record(conn, owner.id, 77, CUSTOMER, refs, now, ())
        (asked,) = data_requests.requests(conn, owner.id)
        return House(stage, pages, _codes(conn, owner), _parked(conn, owner, now), asked.id)

    return await stage.db.write(fill)


def _lane(carrier: str) -> dict[str, Any]:
    return {"countries": ["*"], "min": 1, "max": 3, "carrier": carrier, "days": "mon-fri"}


def _codes(conn: Connection, owner: Shop) -> tuple[str, ...]:
    table = schema.load().tables["coupon_code"]
    return tuple(conn.execute(select(table.c.code).where(table.c.shop_id == owner.id)).scalars())


def _parked(conn: Connection, owner: Shop, now: datetime) -> int:
    event = {
        "source": "shopify",
        "shop": owner.handle,
        "webhook_id": "parked-1",
        "topic": "orders/paid",
        "received_at": now,
        "due_at": now,
        "body": b"sealed",
        "state": PARKED,
        "reason": HIDDEN["parked"],
    }
    return int(conn.execute(insert(inbox).values(event).returning(inbox.c.id)).scalar_one())


def _rows(conn: Connection, owner: Shop) -> dict[str, list[tuple[Any, ...]]]:
    found = {}
    for table in schema.load().sorted_tables:
        statement = select(table)
        column = _owner_of(table)
        if column is not None:
            statement = statement.where(table.c[column] == (owner.handle if column == "shop" else owner.id))
        elif "order_ref" in table.c:
            own = select(order.c.id).where(order.c.shop_id == owner.id)
            statement = statement.where(table.c.order_ref.in_(own))
        elif table.name in {"erasure", "job"}:
            continue
        found[table.name] = sorted((tuple(row) for row in conn.execute(statement)), key=repr)
    return found


def _owner_of(table: Table) -> str | None:
    if table.name == "shop":
        return "id"
    return next((name for name in ("shop_id", "shop") if name in table.c), None)
