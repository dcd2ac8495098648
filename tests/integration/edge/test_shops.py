"""What is recorded of a shop, on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select

from plugin import shops
from plugin.crypto import Keyring, SealBroken
from plugin.database import Database
from plugin.shops import Tokens, shop

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
TOKENS = Tokens("shpat_access", NOW + timedelta(hours=1), "shprt_refresh", NOW + timedelta(days=90))


async def exchange(
    db: Database, keyring: Keyring, handle: str = "example", now: datetime = NOW
) -> shops.Shop:
    return await db.write(
        lambda conn: shops.record_exchange(conn, handle, TOKENS, "read_orders", now, keyring)
    )


async def test_the_first_exchange_makes_the_shop_with_a_key_of_its_own(
    db: Database, keyring: Keyring
) -> None:
    one = await exchange(db, keyring)
    other = await exchange(db, keyring, "another")
    assert (one.handle, one.domain, one.name, one.host) == (
        "example",
        "example.myshopify.com",
        "example",
        "example.myshopify.com",
    )
    assert one.installed
    assert not one.development
    assert one.installed_at == NOW
    assert await db.read(lambda conn: shops.find_shop(conn, "example")) == one
    assert await db.read(lambda conn: shops.shop_by_id(conn, other.id)) == other
    assert await db.read(lambda conn: shops.find_shop(conn, "nobody")) is None
    keys = await db.read(lambda conn: shops.pseudonym_keys(conn, keyring, [one.id, other.id, 99]))
    assert set(keys) == {one.id, other.id}
    assert all(len(key) == 32 for key in keys.values())
    assert keys[one.id] != keys[other.id]
    assert shops.shop_key(keyring, one) == keys[one.id]
    assert await db.read(lambda conn: shops.pseudonym_key(conn, keyring, one.id)) == keys[one.id]


async def test_an_order_of_the_second_of_the_installation_is_not_before_it(
    db: Database, keyring: Keyring
) -> None:
    moment = NOW + timedelta(milliseconds=900)
    made = await exchange(db, keyring, now=moment)
    assert made.installed_at == NOW
    assert await db.read(lambda conn: conn.execute(select(shop.c.exchanged_at)).scalar_one()) == moment


async def test_secrets_are_stored_sealed_for_their_row_and_column(db: Database, keyring: Keyring) -> None:
    made = await exchange(db, keyring)
    row = await db.read(lambda conn: conn.execute(select(shop)).mappings().one())
    for column, plain in (("access_token", b"shpat_access"), ("refresh_token", b"shprt_refresh")):
        assert plain not in row[column]
        assert keyring.open(row[column], context=shops.context(made.id, column)) == plain
        with pytest.raises(SealBroken):
            keyring.open(row[column], context=shops.context(made.id + 1, column))
    assert row["access_expires"] == TOKENS.access_expires
    assert row["refresh_expires"] == TOKENS.refresh_expires
    assert "shpat" not in repr(TOKENS)
    assert repr(made.sealed_key) not in repr(made)


async def test_another_exchange_keeps_the_installation_and_the_key(db: Database, keyring: Keyring) -> None:
    first = await exchange(db, keyring)
    again = await exchange(db, keyring, now=NOW + timedelta(days=3))
    assert (again.id, again.installed_at, again.sealed_key) == (first.id, NOW, first.sealed_key)


async def test_uninstalling_drops_the_tokens_and_a_reinstall_is_a_new_installation(
    db: Database, keyring: Keyring
) -> None:
    made = await exchange(db, keyring)
    later = NOW + timedelta(days=2)
    assert await db.write(lambda conn: shops.record_uninstall(conn, made.id, later, later))
    gone = await db.read(lambda conn: shops.find_shop(conn, "example"))
    assert gone is not None
    assert not gone.installed
    row = await db.read(lambda conn: conn.execute(select(shop)).mappings().one())
    assert row["access_token"] is None
    assert row["refresh_token"] is None
    assert row["uninstalled_at"] == later
    assert not await db.write(lambda conn: shops.record_uninstall(conn, made.id, later, later))
    assert await db.read(shops.installed_shops) == []
    back = await exchange(db, keyring, now=NOW + timedelta(days=5))
    assert back.installed
    assert back.installed_at == NOW
    assert back.sealed_key == made.sealed_key
    assert await db.read(shops.installed_shops) == [back]


async def test_a_late_notice_of_the_uninstall_before_is_ignored(db: Database, keyring: Keyring) -> None:
    made = await exchange(db, keyring)
    late = NOW - timedelta(microseconds=1)
    assert not await db.write(
        lambda conn: shops.record_uninstall(conn, made.id, late, NOW + timedelta(hours=1))
    )
    still = await db.read(lambda conn: shops.find_shop(conn, "example"))
    assert still is not None
    assert still.installed


async def test_ten_first_exchanges_at_once_make_one_shop(db: Database, keyring: Keyring) -> None:
    made = await asyncio.gather(*(exchange(db, keyring) for _ in range(10)))
    assert len({found.id for found in made}) == 1
    assert len({found.sealed_key for found in made}) == 1


async def test_facts_of_the_shop_are_recorded(db: Database, keyring: Keyring) -> None:
    made = await exchange(db, keyring)
    await db.write(
        lambda conn: shops.record_facts(
            conn,
            made.id,
            gid="gid://shopify/Shop/1",
            name="Blumen Öz",
            country="DE",
            development=True,
            primary_domain="www.blumen.example",
        )
    )
    await db.write(lambda conn: shops.record_scopes(conn, made.id, "read_orders,write_discounts"))
    known = await db.read(lambda conn: shops.find_shop(conn, "example"))
    assert known is not None
    assert (known.name, known.host, known.country, known.development) == (
        "Blumen Öz",
        "www.blumen.example",
        "DE",
        True,
    )


async def test_many_handles_are_found_in_one_statement(db: Database, keyring: Keyring) -> None:
    for handle in ("a", "b", "c"):
        await exchange(db, keyring, handle)
    found = await db.read(lambda conn: shops.shops_by_handle(conn, ["a", "c", "x", "a"]))
    assert sorted(found) == ["a", "c"]
    assert await db.read(lambda conn: shops.shops_by_handle(conn, [])) == {}
    assert await db.read(lambda conn: shops.pseudonym_keys(conn, keyring, [])) == {}


async def test_an_erased_shop_has_no_key_and_its_id_is_never_given_again(
    db: Database, keyring: Keyring
) -> None:
    made = await exchange(db, keyring)
    await db.write(lambda conn: conn.execute(delete(shop)).rowcount)
    with pytest.raises(LookupError):
        await db.read(lambda conn: shops.pseudonym_key(conn, keyring, made.id))
    again = await exchange(db, keyring)
    assert again.id > made.id
    assert again.sealed_key != made.sealed_key


async def test_rows_of_a_removed_key_are_counted(db: Database, keyring: Keyring) -> None:
    await exchange(db, keyring)
    await exchange(db, keyring, "another")
    assert await db.read(lambda conn: shops.unreadable(conn, keyring)) == 0
    removed = Keyring((b"z" * 32,))
    assert await db.read(lambda conn: shops.unreadable(conn, removed)) == 2
