"""Web processes and workers of their own on one PostgreSQL and one Redis do together what one process does alone."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import redis.asyncio

import widgets
from plugin import shops, tasks
from plugin.database import Database, open_database
from plugin.peers import CHANNEL
from plugin.shops import Shop, Tokens
from plugin.tasks import Wanted
from sandbox import tokens
from tests import engine
from tests.copies import Copies
from tests.integration.edge.shop_server import ShopServer, shop_server
from tests.integration.engine.stories import bought
from tests.integration.operations.processes import (
    PATIENCE,
    SECRET,
    Running,
    answers,
    environment,
    signed,
    started,
)
from tests.ports import free_port
from tests.servers import RedisServer
from tests.unit.edge.signing import bearer, buyer_claims, token
from tests.wire import Wire, wire_to

CHECKOUT = "c" * 32


@dataclass(frozen=True)
class Fleet:
    """Two web commands, the first of two processes, and two workers."""

    db: Database
    values: dict[str, str]
    folder: Path
    ports: tuple[int, int]
    wire: Wire
    api: ShopServer

    async def ordered(self, number: int) -> httpx.Response:
        """Ask for an order at the first, and when it is waited for have it told at the second."""
        proof = bearer(token(buyer_claims({"aud": "client"}), secret=SECRET))
        about = {"checkout_token": CHECKOUT, "surface": "thank_you"}
        async with httpx.AsyncClient(timeout=30, headers=proof) as client:
            url = f"http://127.0.0.1:{self.ports[0]}/ext/orders/{number}"
            asking = asyncio.create_task(client.get(url, params=about))
            await asyncio.sleep(0.3)
            assert not asking.done()
            purchase = bought(number, token=CHECKOUT, placed_at=datetime.now(UTC) - timedelta(minutes=1))
            for index, one in enumerate(purchase.deliveries):
                body = json.dumps(one.body).encode()
                headers = signed(body, f"{number}-{index}", topic=one.topic)
                told = f"http://127.0.0.1:{self.ports[1]}/webhooks/shopify"
                assert (await client.post(told, content=body, headers=headers)).status_code == 200
            return await asking

    async def shown(self) -> set[str]:
        """What shoppers read, asked on many connections so that every web process has answered."""
        query = tokens.proxy_query(
            SECRET,
            shop_domain="example.myshopify.com",
            path_prefix="/apps/dankbar",
            customer_id=None,
            now=datetime.now(UTC),
            visitor_query=urlencode({"locale": "de"}),
        )
        found = set()
        anew = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=30, limits=anew) as client:
            for port in self.ports * 10:
                answer = await client.get(f"http://127.0.0.1:{port}/proxy/widgets/loyalty.json?{query}")
                found.add(answer.json()["text"])
        return found

    async def speak(self, tone: str) -> None:
        """Change a setting as an operator does."""
        arguments = ("settings", "--shop", "example", "shop", f"tone={tone}")
        with started(self.values, *arguments, folder=self.folder) as command:
            assert await asyncio.to_thread(command.process.wait, PATIENCE) == 0, command.said()


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + 3 * PATIENCE
    while not await holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@asynccontextmanager
async def fleet(copies: Copies, server: RedisServer, folder: Path) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        url = copies.lend()
        stack.callback(copies.take_back, url)
        api = await stack.enter_async_context(shop_server())
        wire = await stack.enter_async_context(wire_to(server.port))
        db = await open_database(url)
        stack.push_async_callback(db.close)
        values = environment(
            url,
            DANKBAR_REDIS_URL=f"redis://127.0.0.1:{wire.port}/0",
            DANKBAR_SHOPIFY_ORIGIN=f"{api.origin}/{{shop}}",
        )
        ports = free_port(), free_port()

        def run(*arguments: str) -> Running:
            return stack.enter_context(started(values, *arguments, folder=folder))

        await db.write(lambda conn: engine.install(conn, now=datetime.now(UTC)))
        webs = [run("serve", "--no-worker", "--workers", str(2 - n), "--port", str(ports[n])) for n in (0, 1)]
        for web in webs:
            stack.push_async_callback(asyncio.to_thread, web.stop)  # killed, it would leave its own behind
        running = [*webs, run("worker"), run("worker")]
        listening = redis.asyncio.from_url(server.url)
        stack.push_async_callback(listening.aclose)

        async def all_listen() -> bool:
            assert all(one.process.poll() is None for one in running), [one.said() for one in running]
            return await listening.pubsub_numsub(CHANNEL) == [(CHANNEL.encode(), 5)]

        await eventually(all_listen)
        for port in ports:
            assert await asyncio.to_thread(answers, port)
        yield Fleet(db, values, folder, ports, wire, api)


async def test_many_processes_work_as_one_with_redis_and_without(
    postgres_copies: Copies, redis_server: RedisServer, redis_url: str, tmp_path: Path
) -> None:
    async with fleet(postgres_copies, redis_server, tmp_path) as many:
        async with redis.asyncio.from_url(redis_url).pubsub() as overheard:
            await overheard.subscribe(CHANNEL)
            await answered_with_the_order(many, 1001)
            await eventually(lambda: rung(overheard, ":1001"))
        await shoppers_read_a_change_within_a_second(many, "du")
        many.wire.cut = True
        many.wire.reset()
        await answered_with_the_order(many, 1002)
        await shoppers_read_a_change_within_a_second(many, "sie")
        many.wire.cut, many.wire.still = False, asyncio.Event()
        await answered_with_the_order(many, 1003)
        many.wire.still.set()
        await a_token_is_refreshed_once(many)


async def answered_with_the_order(many: Fleet, number: int) -> None:
    answer = await many.ordered(number)
    assert answer.status_code == 200
    assert answer.json()["order"] == {"id": str(number), "state": "known"}


async def rung(overheard: "redis.asyncio.client.PubSub", name: str) -> bool:
    message = await overheard.get_message(timeout=1)
    return message is not None and str(message["data"]).find(f"{name}") >= 0


async def shoppers_read_a_change_within_a_second(many: Fleet, tone: str) -> None:
    before = await many.shown()
    await many.speak(tone)
    await asyncio.sleep(1)
    after = await many.shown()
    assert len(before) == len(after) == 1
    assert after != before


async def a_token_is_refreshed_once(many: Fleet) -> None:
    """Every worker needs the token for many tasks at the same moment, and it has just ended."""
    now = datetime.now(UTC)
    pair = many.api.pair()
    old = Tokens("shpat_over", now - timedelta(minutes=1), pair["refresh_token"], now + timedelta(days=80))
    many.api.refresh_seconds = 0.5
    shop: Shop = await many.db.write(
        lambda conn: shops.record_exchange(conn, "example", old, "", now, engine.KEYRING)
    )
    wanted = [
        Wanted(shop.id, widgets.FETCH_ORDER, str(number), now, {"order_id": number})
        for number in range(1, 33)
    ]
    await many.db.write(lambda conn: tasks.enqueue(conn, wanted, now))

    async def all_asked() -> bool:
        return len(many.api.tokens_seen) >= len(wanted)

    await eventually(all_asked)
    refreshes = [form for form in many.api.grants if form["grant_type"] == "refresh_token"]
    assert len(refreshes) == 1
    assert "shpat_over" not in many.api.tokens_seen
