"""A shop's tokens: exchanged once, refreshed by one of many, never used after their end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import Connection, select, update
from starlette.requests import Request
from starlette.responses import Response

from plugin import install, shops, token_store
from plugin.crypto import Keyring, SealBroken
from plugin.database import Database, open_database
from plugin.errors import Unauthorized, Unavailable
from plugin.guards import Merchant
from plugin.install import Link
from plugin.shopify import tokens
from plugin.shopify.errors import Disconnected, Unreachable
from plugin.shops import Shop, shop
from plugin.token_store import Pair, take_lease
from tests.integration.edge.shop_server import ShopServer, says
from tests.unit.edge.signing import admin_claims, token

HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def proof() -> Merchant:
    claims = admin_claims()
    return Merchant("example", 42, token(claims), claims)


async def installed(link: Link) -> Shop:
    return await install.open_shop(link.config, link.db, link.keyring, proof(), now())


async def row(db: Database) -> dict[str, object]:
    return dict(await db.read(lambda conn: conn.execute(select(shop)).mappings().one()))


async def test_the_first_sight_of_a_shop_exchanges_its_token(link: Link, api: ShopServer) -> None:
    seen: list[str] = []

    def also(conn: Connection, made: Shop) -> None:
        assert shops.find_shop(conn, made.handle) == made
        seen.append(made.handle)

    made = await install.open_shop(link.config, link.db, link.keyring, proof(), now(), also)
    again = await install.open_shop(link.config, link.db, link.keyring, proof(), now(), also)
    assert again == made
    assert seen == ["example"]
    assert len(api.grants) == 1
    form = api.grants[0]
    assert form["requested_token_type"] == "urn:shopify:params:oauth:token-type:offline-access-token"
    assert form["expiring"] == 1
    assert api.hosts == [link.config.shopify_origin.split("/")[2]]
    stored = await row(link.db)
    assert stored["scopes"] == "read_orders,write_discounts"
    assert await install.access_token(link, made.id, now()) == "shpat_0"
    assert len(api.grants) == 1


async def test_what_also_runs_fails_with_the_exchange(link: Link) -> None:
    def also(conn: Connection, made: Shop) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await install.open_shop(link.config, link.db, link.keyring, proof(), now(), also)
    assert await link.db.read(lambda conn: shops.find_shop(conn, "example")) is None


async def test_a_refused_session_is_a_401_and_silence_a_503(link: Link, api: ShopServer) -> None:
    api.token_script = [says({"error": "invalid_subject_token"}, 400)]
    with pytest.raises(Unauthorized):
        await installed(link)
    for bad in (
        says("", 503),
        says("<html>"),
        says([1]),
        says({}),
        says({"access_token": "x", "expires_in": "y"}),
    ):
        api.token_script = [bad]
        with pytest.raises(Unavailable):
            await installed(link)
    assert await link.db.read(lambda conn: shops.find_shop(conn, "example")) is None


async def test_a_token_is_kept_until_five_minutes_before_its_end(link: Link, api: ShopServer) -> None:
    made = await installed(link)
    assert await install.access_token(link, made.id, now() + timedelta(minutes=54)) == "shpat_0"
    assert await install.access_token(link, made.id, now() + timedelta(minutes=56)) == "shpat_1"
    assert [form["grant_type"] for form in api.grants][1:] == ["refresh_token"]


@pytest.fixture
async def workers(link: Link, database_address: str) -> AsyncIterator[list[Link]]:
    """Ten processes' worth of links: a database, a client and a keyring of their own each."""
    async with AsyncExitStack() as stack:
        found = []
        for _ in range(10):
            other = await open_database(database_address)
            stack.push_async_callback(other.close)
            http = await stack.enter_async_context(httpx.AsyncClient())
            found.append(Link(link.config, other, Keyring(link.config.secret_keys), http))
        yield found


@pytest.mark.parametrize("after", [timedelta(minutes=57), timedelta(hours=3)], ids=["still good", "over"])
async def test_ten_workers_refresh_once(
    link: Link, api: ShopServer, workers: list[Link], after: timedelta
) -> None:
    keyed = [Link(one.config, one.db, link.keyring, one.http) for one in workers]
    made = await installed(link)
    api.refresh_seconds = 0.3
    later = now() + after
    found = await asyncio.gather(*(install.access_token(one, made.id, later) for one in keyed))
    assert set(found) <= {"shpat_0", "shpat_1"}
    assert "shpat_1" in found
    if after > HOUR:
        assert set(found) == {"shpat_1"}
    assert len(api.grants) == 2
    stored = await row(link.db)
    assert stored["lease_owner"] is None
    assert stored["lease_until"] is None


async def test_a_lease_left_by_a_dead_process_runs_out(link: Link, api: ShopServer) -> None:
    made = await installed(link)
    later = now() + 2 * HOUR
    left = {"lease_owner": "dead", "lease_until": later + timedelta(milliseconds=300)}
    await link.db.write(lambda conn: conn.execute(update(shop).values(**left)).rowcount)
    assert await install.access_token(link, made.id, later) == "shpat_1"


async def test_a_lease_of_a_process_whose_clock_was_ahead_keeps_nobody_waiting(
    link: Link, api: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "PATIENCE", 3.0)
    made = await installed(link)
    later = now() + 2 * HOUR
    left = {"lease_owner": "dead", "lease_until": later + timedelta(days=1)}
    await link.db.write(lambda conn: conn.execute(update(shop).values(**left)).rowcount)
    assert await install.access_token(link, made.id, later) == "shpat_1"


async def test_a_lease_is_not_taken_by_a_process_whose_clock_is_minutes_behind(
    link: Link, api: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "PATIENCE", 0.0)
    made = await installed(link)
    later = now() + 2 * HOUR
    held = {"lease_owner": "other", "lease_until": later + token_store.LEASE + timedelta(minutes=2)}
    await link.db.write(lambda conn: conn.execute(update(shop).values(**held)).rowcount)
    with pytest.raises(Unreachable):
        await install.access_token(link, made.id, later)
    assert len(api.grants) == 1


async def test_a_dead_pair_asks_staff_to_reopen_and_reopening_heals(link: Link, api: ShopServer) -> None:
    made = await installed(link)
    api.refreshable.clear()
    with pytest.raises(Disconnected):
        await install.access_token(link, made.id, now() + 2 * HOUR)
    known = await link.db.read(lambda conn: shops.find_shop(conn, "example"))
    assert known is not None
    assert known.needs_reopen
    with pytest.raises(Disconnected):
        await install.access_token(link, made.id, now() + 2 * HOUR)
    assert len(api.grants) == 2
    healed = await installed(link)
    assert not healed.needs_reopen
    assert await install.access_token(link, made.id, now()) == "shpat_1"


async def test_invalid_grant_for_a_pair_that_was_replaced_meanwhile_is_not_the_end(
    link: Link, api: ShopServer
) -> None:
    made = await installed(link)
    fresh = api.pair()

    async def late(request: Request) -> Response:
        """Another process stores a fresh pair while Shopify refuses the old one."""
        tokens = shops.Tokens(fresh["access_token"], now() + 5 * HOUR, fresh["refresh_token"], None)
        await link.db.write(
            lambda conn: (
                conn.execute(update(shop).values(**shops.sealed_pair(link.keyring, made.id, tokens))).rowcount
            )
        )
        return await says({"error": "invalid_grant"}, 400)(request)

    api.token_script = [late]
    assert await install.access_token(link, made.id, now() + 2 * HOUR) == fresh["access_token"]
    known = await link.db.read(lambda conn: shops.find_shop(conn, "example"))
    assert known is not None
    assert not known.needs_reopen


async def test_silence_of_the_token_endpoint_is_bridged_while_the_token_lasts(
    link: Link, api: ShopServer
) -> None:
    made = await installed(link)
    api.token_script = [says("", 503, {"Retry-After": "0"})] * 3
    assert await install.access_token(link, made.id, now() + timedelta(minutes=57)) == "shpat_0"
    api.token_script = [says("", 503, {"Retry-After": "0"})] * 3
    with pytest.raises(Unreachable):
        await install.access_token(link, made.id, now() + 2 * HOUR)
    api.token_script = []
    assert await install.access_token(link, made.id, now() + 2 * HOUR) == "shpat_1"


async def test_a_busy_token_endpoint_is_asked_again_as_it_says(link: Link, api: ShopServer) -> None:
    made = await installed(link)
    api.token_script = [says({}, 429, {"Retry-After": "0.1"})]
    assert await install.access_token(link, made.id, now() + 2 * HOUR) == "shpat_1"
    assert len(api.grants) == 3


async def test_whoever_waits_for_anothers_refresh_only_looks(
    link: Link, api: ShopServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await installed(link)
    later = now() + 2 * HOUR
    left = {"lease_owner": "other", "lease_until": later + timedelta(milliseconds=500)}
    await link.db.write(lambda conn: conn.execute(update(shop).values(**left)).rowcount)
    claims: list[bool] = []

    def claim(conn: Connection, pair: Pair, owner: str, at: datetime) -> bool:
        claims.append(take_lease(conn, pair, owner, at))
        return claims[-1]

    monkeypatch.setattr(token_store, "take_lease", claim)
    assert await install.access_token(link, made.id, later) == "shpat_1"
    assert claims == [True]


async def test_an_uninstalled_shop_has_no_token_even_when_a_refresh_is_under_way(
    link: Link, api: ShopServer
) -> None:
    made = await installed(link)
    api.refresh_seconds = 0.3
    refreshing = asyncio.create_task(install.access_token(link, made.id, now() + 2 * HOUR))
    await api.refreshing.wait()
    later = now() + 2 * HOUR
    assert await link.db.write(lambda conn: shops.record_uninstall(conn, made.id, later, later))
    with pytest.raises(Disconnected):
        await refreshing
    stored = await row(link.db)
    assert stored["access_token"] is None
    with pytest.raises(Disconnected):
        await install.access_token(link, made.id, now())
    with pytest.raises(Disconnected):
        await install.access_token(link, 999, now())


async def test_a_refused_token_is_refreshed_before_its_time(link: Link, api: ShopServer) -> None:
    made = await installed(link)
    assert await install.access_token(link, made.id, now(), refused="shpat_0") == "shpat_1"
    assert await install.access_token(link, made.id, now(), refused="shpat_0") == "shpat_1"
    assert len(api.grants) == 2


async def test_keep_alive_refreshes_what_was_untouched_for_a_week(link: Link, api: ShopServer) -> None:
    await installed(link)
    assert await install.keep_alive(link, now() + timedelta(days=6)) == 0
    week = now() + timedelta(days=7, hours=2)
    assert await install.keep_alive(link, week) == 1
    assert await install.keep_alive(link, week) == 0
    api.refreshable.clear()
    assert await install.keep_alive(link, week + timedelta(days=8)) == 0
    known = await link.db.read(lambda conn: shops.find_shop(conn, "example"))
    assert known is not None
    assert known.needs_reopen


async def test_keys_are_rotated_without_losing_a_secret(link: Link, api: ShopServer) -> None:
    made = await installed(link)
    key = shops.shop_key(link.keyring, made)
    both, after = Keyring((b"2" * 32, b"n" * 32)), Keyring((b"2" * 32,))
    assert await link.db.read(lambda conn: shops.unreadable(conn, after)) == 1
    with pytest.raises(SealBroken):
        await install.rotate_keys(link.db, Keyring((b"3" * 32,)))
    assert await install.rotate_keys(link.db, both) == 3
    assert await install.rotate_keys(link.db, both) == 0
    assert await link.db.read(lambda conn: shops.unreadable(conn, after)) == 0
    renewed = Link(link.config, link.db, after, link.http)
    assert await install.access_token(renewed, made.id, now()) == "shpat_0"
    assert await link.db.read(lambda conn: shops.pseudonym_key(conn, after, made.id)) == key
