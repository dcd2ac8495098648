"""customers/data_request and shop/redact, and the export that answers a request."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

import widgets
from plugin import schema
from plugin.core import data_requests
from plugin.core.data_requests import Found
from plugin.core.privacy import owned_by
from plugin.database import Database
from plugin.language import language
from plugin.shops import Shop, Tokens, find_shop, record_exchange, record_uninstall
from plugin.tasks import Wanted, enqueue
from tests import engine
from tests.engine import KEYRING, verified
from tests.integration.privacy.buying import (
    ANNA,
    BEN,
    CLARA,
    FIRST,
    NOW,
    TOKEN,
    ask_data,
    erase,
    purchase,
    refunded,
    tell,
)
from tests.integration.privacy.traces import rows, traces
from tests.oracle.bodies import merge
from webhooks.inbox import HANDLED, PARKED, inbox

ENGLISH, GERMAN = language("en", "sie"), language("de", "sie")


@pytest.fixture
async def example(db: Database) -> Shop:
    """A shop in which everything ever bought counts."""
    return await db.write(lambda conn: engine.install(conn, now=NOW - timedelta(days=200)))


def ask(conn: Connection, request: int, customer: int | None, *orders: int) -> None:
    engine.store(conn, "customers/data_request", ask_data(request, customer, *orders), now=NOW)
    batch = engine.handle_all(conn, NOW + timedelta(hours=1))
    assert (batch.parked, batch.failed) == (0, 0)


async def test_a_request_is_recorded_once_and_due_thirty_days_after_it_came(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        ask(conn, 9999, ANNA, FIRST)
        ask(conn, 9999, ANNA, FIRST)
        [found] = data_requests.requests(conn, example.id)
        assert (found.customer_id, found.found) == (ANNA, Found.DATA)
        assert (found.received_at, found.due_at, found.done_at) == (NOW, NOW + timedelta(days=30), None)
        assert traces(conn, ["anna@example.com"]) == []
        assert data_requests.finish(conn, example.id, found.id, NOW)
        assert not data_requests.finish(conn, example.id, found.id, NOW)
        assert data_requests.requests(conn, example.id)[0].done_at == NOW

    await db.write(work)


async def test_another_shop_cannot_finish_it(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        other = engine.install(conn, "other", now=NOW)
        ask(conn, 9999, ANNA, FIRST)
        [found] = data_requests.requests(conn, example.id)
        assert data_requests.requests(conn, other.id) == []
        assert not data_requests.finish(conn, other.id, found.id, NOW)

    await db.write(work)


@pytest.mark.parametrize(
    ("customer", "found"), [(CLARA, Found.NOTHING), (None, Found.ONLY_EMAIL)], ids=["unknown", "email"]
)
async def test_somebody_of_whom_nothing_is_kept_is_answered_too(
    db: Database, example: Shop, customer: int | None, found: Found
) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        ask(conn, 1, customer, FIRST + 40)
        [asked] = data_requests.requests(conn, example.id)
        assert (asked.customer_id, asked.order_refs, asked.found) == (customer, (), found)
        exported = widgets.export_request(conn, example, asked, ENGLISH)
        assert {key for one in exported["data"] for record in one["records"] for key in record} <= {
            "asked_at",
            "due_at",
            "answered_at",
        }
        assert GERMAN.gettext(widgets.FOUND[found]) != widgets.FOUND[found]

    await db.write(work)


async def test_the_export_holds_all_that_is_kept_of_the_person_and_nothing_of_others(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        tell(conn, refunded(0))
        tell(conn, purchase(1, None))
        tell(conn, purchase(2, BEN))
        ask(conn, 1, ANNA, FIRST, FIRST + 1)
        [asked] = data_requests.requests(conn, example.id)
        plain = json.dumps(widgets.export_request(conn, example, asked, ENGLISH))
        for mine in (ANNA, FIRST, FIRST + 1, 8_300_000_000_000_001, 8_600_000_000_000_001):
            assert f'"{mine}"' in plain
        assert str(BEN) not in plain
        assert str(FIRST + 2) not in plain
        alone = widgets.export(conn, example, ANNA, GERMAN)
        assert alone["customers"] == [str(ANNA)]
        assert str(FIRST + 1) not in json.dumps(alone)
        kinds = {key for one in alone["data"] for record in one["records"] for key in record}
        assert {"order", "account", "entry", "earned", "asked_at"} <= kinds
        entries = [
            record["entry"]["points"]
            for one in alone["data"]
            for record in one["records"]
            if "entry" in record
        ]
        assert sum(entries) == 49
        for one in alone["data"]:
            assert all(one[field].strip() for field in ("what", "purpose", "basis", "retention"))

    await db.write(work)


async def test_the_export_of_everybody_merged_into_one_is_one(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0, ANNA))
        tell(conn, purchase(1, BEN))
        engine.store(conn, "customers/merge", merge(ANNA, BEN), now=NOW)
        engine.handle_all(conn, NOW)
        one = widgets.export(conn, example, ANNA, ENGLISH)
        assert one == widgets.export(conn, example, BEN, ENGLISH)
        assert str(FIRST) in json.dumps(one)
        assert str(FIRST + 1) in json.dumps(one)

    await db.write(work)


async def test_after_an_erasure_there_is_nothing_to_export_and_the_request_names_nobody(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        ask(conn, 1_234_567, ANNA, FIRST)
        erase(conn, ANNA, FIRST)
        [asked] = data_requests.requests(conn, example.id)
        assert asked.customer_id is None
        assert traces(conn, [1_234_567, ANNA, FIRST, f"{TOKEN}0"]) == []
        exported = widgets.export_request(conn, example, asked, ENGLISH)
        assert [record for one in exported["data"] for record in one["records"]] == []

    await db.write(work)


async def test_what_comes_after_the_request_is_handed_out_with_it(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        ask(conn, 1, ANNA, FIRST, FIRST + 40)
        ask(conn, 2, None, FIRST + 1)
        assert [one.found for one in data_requests.requests(conn, example.id)] == [
            Found.NOTHING,
            Found.ONLY_EMAIL,
        ]
        tell(conn, purchase(0))
        tell(conn, purchase(1, None))
        [first, second] = data_requests.requests(conn, example.id)
        assert (first.customer_id, first.found, first.orders_unknown) == (ANNA, Found.DATA, (FIRST + 40,))
        assert data_requests.orders_named(conn, example.id, first) == [FIRST, FIRST + 40]
        assert (second.customer_id, second.found, second.orders_unknown) == (None, Found.DATA, ())
        for asked, order in ((first, FIRST), (second, FIRST + 1)):
            assert f'"{order}"' in json.dumps(widgets.export_request(conn, example, asked, ENGLISH))
        tell(conn, purchase(40, CLARA))
        ask(conn, 3, CLARA)
        assert data_requests.requests(conn, example.id)[2].found is Found.DATA

    await db.write(work)


async def test_a_request_from_before_the_first_order_forgets_its_numbers_too(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        ask(conn, 1_234_567, ANNA, FIRST + 50, FIRST + 51)
        tell(conn, purchase(0))
        erase(conn, ANNA)
        [asked] = data_requests.requests(conn, example.id)
        assert (asked.customer_id, asked.orders_unknown, asked.found) == (None, (), Found.ERASED)
        assert traces(conn, [1_234_567, ANNA, FIRST, FIRST + 50, FIRST + 51]) == []

    await db.write(work)


@pytest.mark.parametrize("known", [True, False])
async def test_a_guests_request_forgets_its_number_with_the_order(
    db: Database, example: Shop, *, known: bool
) -> None:
    def work(conn: Connection) -> None:
        if known:
            tell(conn, purchase(0, None))
        ask(conn, 1_234_567, None, FIRST)
        erase(conn, None, FIRST)
        [asked] = data_requests.requests(conn, example.id)
        assert (asked.order_refs, asked.found) == ((), Found.ERASED)
        assert traces(conn, [1_234_567, FIRST]) == []

    await db.write(work)


@pytest.mark.parametrize("customer", [ANNA, None])
async def test_a_request_that_comes_after_the_erasure_names_nobody(
    db: Database, example: Shop, customer: int | None
) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0, customer))
        erase(conn, customer, FIRST)
        ask(conn, 1_234_567, customer, FIRST)
        [asked] = data_requests.requests(conn, example.id)
        assert asked.found is Found.ERASED
        assert traces(conn, [1_234_567, ANNA, FIRST]) == []

    await db.write(work)


@pytest.mark.parametrize("topic", ["customers/data_request", "customers/redact"])
@pytest.mark.parametrize(
    "body",
    [b"{}{", b'{"customer": {"id": -1}, "data_request": {"id": 1}}', b"[]", b"[" * 100_000],
    ids=["cut", "negative", "list", "deep"],
)
async def test_a_body_that_cannot_be_read_is_parked_and_says_why(
    db: Database, example: Shop, topic: str, body: bytes
) -> None:
    def work(conn: Connection) -> None:
        engine.store(conn, topic, body, now=NOW)
        assert engine.handle_all(conn, NOW).parked == 1
        assert conn.execute(select(inbox.c.reason)).scalar_one()

    await db.write(work)


async def test_a_body_of_another_shop_erases_nobody(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        body = {"shop_domain": "other.myshopify.com", "customer": {"id": ANNA}, "orders_to_redact": [FIRST]}
        engine.store(conn, "customers/redact", body, now=NOW)
        engine.store(conn, "shop/redact", {"shop_domain": "other.myshopify.com"}, now=NOW)
        assert engine.handle_all(conn, NOW).parked == 2
        assert traces(conn, [ANNA, FIRST])

    await db.write(work)


def redact_shop(conn: Connection, handle: str = "example") -> None:
    body = {"shop_id": 1, "shop_domain": f"{handle}.myshopify.com"}
    engine.store(conn, "shop/redact", body, now=NOW, shop=handle, webhook_id="redact")
    batch = engine.handle_all(conn, NOW)
    assert (batch.parked, batch.failed) == (0, 0)


async def test_a_shop_that_has_gone_is_erased_with_every_row_it_has_anywhere(db: Database) -> None:
    def work(conn: Connection) -> None:
        other = engine.install(conn, "other", now=NOW - timedelta(days=200))
        engine.store(conn, "orders/create", purchase(5, CLARA).body(), now=NOW, shop="other")
        engine.handle_all(conn, NOW)
        before = rows(conn)
        mine = engine.install(conn, now=NOW - timedelta(days=200))
        tell(conn, refunded(0))
        tell(conn, purchase(1, BEN))
        ask(conn, 1, ANNA, FIRST)
        erase(conn, BEN)
        enqueue(conn, [Wanted(mine.id, widgets.FETCH_ORDER, str(FIRST), NOW, {"order_id": FIRST})], NOW)
        engine.store(conn, "orders/edited", {"order_id": FIRST}, now=NOW)
        engine.handle_all(conn, NOW)
        record_uninstall(conn, mine.id, NOW, NOW)
        redact_shop(conn)
        after = rows(conn)
        assert find_shop(conn, "example") is None
        assert traces(conn, [ANNA, BEN, FIRST, FIRST + 1]) == []
        differing = {name for name in before if before[name] != after[name]}
        assert differing == {"inbox", "erasure"}
        [kept] = [row for row in conn.execute(select(inbox)) if row.shop == "example"]
        assert (kept.webhook_id, kept.state, kept.body) == ("redact", HANDLED, None)
        assert find_shop(conn, "other") == find_shop(conn, other.handle)

    await db.write(work)
    assert (await verified(db, NOW)).breaches == ()


async def test_a_shop_that_came_back_keeps_everything(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        record_uninstall(conn, example.id, NOW, NOW)
        record_exchange(conn, "example", Tokens("new", None, None, None), "", NOW, KEYRING)
        before = rows(conn)
        redact_shop(conn)
        after = rows(conn)
        assert {name for name in before if before[name] != after[name]} == {"inbox"}

    await db.write(work)


async def test_leaving_and_being_erased_may_be_told_in_one_batch(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        engine.store(
            conn,
            "app/uninstalled",
            {"myshopify_domain": "example.myshopify.com"},
            now=NOW,
            triggered_at=NOW,
        )
        redact_shop(conn)
        assert find_shop(conn, "example") is None
        redact_shop(conn)

    await db.write(work)


async def test_a_reinstalled_shop_is_a_new_one_with_a_key_of_its_own(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        erase(conn, ANNA, FIRST)
        record_uninstall(conn, example.id, NOW, NOW)
        redact_shop(conn)
        again = engine.install(conn, now=NOW)
        assert again.id != example.id
        assert again.sealed_key != example.sealed_key
        tell(conn, purchase(0))
        assert traces(conn, [FIRST, ANNA])

    await db.write(work)


async def test_compliance_topics_of_a_shop_that_never_was_here_are_handled(db: Database) -> None:
    def work(conn: Connection) -> None:
        engine.store(conn, "orders/create", purchase(0).body(), now=NOW, shop="nobody")
        engine.store(conn, "orders/create", purchase(1, BEN).body(), now=NOW, shop="nobody")
        engine.handle_all(conn, NOW)
        for topic, body in (
            ("customers/redact", {"customer": {"id": ANNA}, "orders_to_redact": []}),
            ("customers/data_request", {"customer": {"id": ANNA}, "data_request": {"id": 1}}),
        ):
            engine.store(conn, topic, body, now=NOW, shop="nobody")
        assert engine.handle_all(conn, NOW).parked == 0
        states = conn.execute(select(inbox.c.topic, inbox.c.state).order_by(inbox.c.id)).all()
        assert [state for _, state in states] == [HANDLED, PARKED, HANDLED, HANDLED]
        redact_shop(conn, "nobody")
        assert conn.execute(select(func.count()).select_from(inbox)).scalar_one() == 1

    await db.write(work)


def test_every_table_but_five_belongs_to_a_shop() -> None:
    """``inbox`` goes by a shop's handle, ``orphan`` outlives a shop that still pays; the others hold nothing of one."""
    free = {table.name for table in schema.load().sorted_tables if owned_by(table, 1) is None}
    assert free == {"erasure", "inbox", "job", "orphan", "pace"}
