"""What is kept no longer: handled webhooks, bodies nobody could handle, proofs of old checkouts."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, select, update

import widgets
from plugin import retention, tasks
from plugin.core import order_codec, privacy, removals
from plugin.core.order_book import PROOF, order
from plugin.core.removals import Removed
from plugin.database import Database
from plugin.shops import Shop, record_uninstall
from plugin.tasks import Wanted, task
from tests import engine
from tests.engine import KEYRING, verified
from tests.integration.privacy.buying import ANNA, FIRST, NOW, TOKEN, erase, purchase, tell
from tests.integration.privacy.traces import rows, traces
from webhooks.inbox import HANDLED, PARKED, WAITING, inbox

DAY = timedelta(days=1)


@pytest.fixture
async def example(db: Database) -> Shop:
    """A shop in which everything ever bought counts."""
    return await db.write(lambda conn: engine.install(conn, now=NOW - timedelta(days=200)))


def keep(conn: Connection, now: datetime, shop_id: int | None = None) -> int:
    """Run the job to its end, as the clock does."""
    done = 0
    while count := retention.keep_no_longer(conn, KEYRING, shop_id, now):
        done += count
    return done


def states(conn: Connection) -> list[tuple[str, bool, str | None]]:
    """State, whether there is a body, and reason of every stored webhook."""
    found = conn.execute(select(inbox).order_by(inbox.c.id))
    return [(row.state, row.body is not None, row.reason) for row in found]


def foreign(number: int = 0, currency: str = "USD") -> dict[str, object]:
    made = purchase(number)
    made.currency = currency
    return made.body()


async def test_handled_webhooks_are_recognised_for_a_week(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        tell(conn, purchase(0))
        before = len(states(conn))
        assert before
        keep(conn, NOW + 7 * DAY)
        assert len(states(conn)) == before
        assert keep(conn, NOW + 7 * DAY + timedelta(seconds=1)) >= before
        assert states(conn) == []

    await db.write(work)


async def test_more_than_a_portion_is_done_in_several(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        for number in range(retention.PORTION + 20):
            engine.store(conn, "app/scopes_update", {"current": [str(number)]}, now=NOW)
        engine.handle_all(conn, NOW, 200)
        assert retention.keep_no_longer(conn, KEYRING, None, NOW + 8 * DAY) == retention.PORTION
        assert keep(conn, NOW + 8 * DAY) == 20
        assert keep(conn, NOW + 8 * DAY) == 0

    await db.write(work)


async def test_a_parked_order_leaves_a_row_that_says_so_and_is_fetched_instead(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        engine.store(conn, "orders/create", foreign(), now=NOW)
        engine.store(conn, "orders/edited", {"order_id": FIRST + 1}, now=NOW)
        engine.store(conn, "orders/create", b'{"id": 1', now=NOW)
        assert engine.handle_all(conn, NOW).parked == 3
        keep(conn, NOW + 30 * DAY)
        assert all(has_body for _, has_body, _ in states(conn))
        keep(conn, NOW + 30 * DAY + timedelta(seconds=1))
        for state, has_body, reason in states(conn):
            assert (state, has_body) == (PARKED, False)
            assert reason is not None
            assert reason.endswith("erased after its time.")
        wanted = conn.execute(select(task.c.name, task.c.key, task.c.payload)).all()
        assert wanted == [(widgets.FETCH_ORDER, str(FIRST), f'{{"order_id": {FIRST}}}')]
        before = rows(conn)
        assert keep(conn, NOW + 31 * DAY) == 0
        assert rows(conn) == before

    await db.write(work)


async def test_what_waited_as_long_because_nobody_worked_goes_the_same_way(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        engine.store(conn, "orders/create", purchase(0).body(), now=NOW)
        keep(conn, NOW + 29 * DAY)
        assert [(state, kept) for state, kept, _ in states(conn)] == [(WAITING, True)]
        keep(conn, NOW + 31 * DAY)
        assert [(state, kept) for state, kept, _ in states(conn)] == [(PARKED, False)]
        assert conn.execute(select(task.c.key)).scalar_one() == str(FIRST)

    await db.write(work)


async def test_bodies_for_a_shop_without_the_app_are_kept_for_two_days(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        record_uninstall(conn, example.id, NOW, NOW)
        engine.store(conn, "orders/create", purchase(0).body(), now=NOW)
        engine.store(conn, "orders/create", purchase(1).body(), now=NOW, shop="nobody")
        engine.handle_all(conn, NOW)
        keep(conn, NOW + 2 * DAY)
        assert [kept for _, kept, _ in states(conn)] == [True, True]
        keep(conn, NOW + 2 * DAY + timedelta(seconds=1))
        assert [kept for _, kept, _ in states(conn)] == [False, False]
        assert conn.execute(select(task.c.id)).all() == []

    await db.write(work)


async def test_an_emptied_webhook_keeps_no_number_of_shopifys(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        for name in ("b7f1-parked", "b7f2-parked"):
            engine.store(conn, "orders/create", b'{"id": 1', now=NOW, webhook_id=name)
        engine.handle_all(conn, NOW)
        keep(conn, NOW + 31 * DAY)
        assert len(states(conn)) == 2
        assert traces(conn, ["b7f1-parked", "b7f2-parked"]) == []

    await db.write(work)


async def test_a_task_set_aside_that_names_somebody_ends_with_its_time(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        kept = [
            Wanted(example.id, "coupon.mint", "7", NOW, {}),
            Wanted(example.id, widgets.REDERIVE, "x", NOW, {"a": 1}),
        ]
        named = [Wanted(example.id, widgets.FETCH_ORDER, str(FIRST), NOW, {"order_id": FIRST})]
        tasks.enqueue(conn, [*kept, *named], NOW)
        conn.execute(update(task).values(state=PARKED))
        keep(conn, NOW + 30 * DAY)
        assert len(conn.execute(select(task.c.id)).all()) == 3
        after = NOW + 30 * DAY + timedelta(seconds=1)
        keep(conn, after)
        assert set(conn.execute(select(task.c.name)).scalars()) == {"coupon.mint", widgets.REDERIVE}
        assert traces(conn, [FIRST]) == []
        [run] = removals.runs(conn, example.id, 9)
        assert run.counts == {Removed.TASKS: 1}

    await db.write(work)


async def test_what_still_waits_is_not_ended_and_an_erasure_is_tried_again_every_day(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        waiting = Wanted(example.id, widgets.FETCH_ORDER, str(FIRST), NOW, {"order_id": FIRST})
        erasing = Wanted(example.id, privacy.ERASE, str(ANNA), NOW, {"customer_id": ANNA})
        tasks.enqueue(conn, [waiting, erasing], NOW)
        conn.execute(update(task).where(task.c.name == privacy.ERASE).values(state=PARKED, attempts=8))
        at = NOW + 31 * DAY
        keep(conn, at)
        found = conn.execute(select(task.c.name, task.c.state, task.c.due_at, task.c.attempts)).all()
        assert set(found) == {
            (widgets.FETCH_ORDER, WAITING, NOW, 0),
            (privacy.ERASE, WAITING, at, 0),
        }

    await db.write(work)


async def test_the_proof_of_an_old_order_is_kept_as_long_from_when_it_is_first_heard_of(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        heard = NOW + 300 * DAY
        tell(conn, purchase(0), heard)
        keep(conn, heard + PROOF)
        assert hashes(conn) == {FIRST: True}
        keep(conn, heard + PROOF + timedelta(seconds=1))
        assert hashes(conn) == {FIRST: False}

    await db.write(work)


async def test_an_erased_order_is_not_fetched(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        erase(conn, None, FIRST)
        engine.store(conn, "orders/updated", {"id": FIRST}, now=NOW)
        assert engine.handle_all(conn, NOW).parked == 1
        keep(conn, NOW + 31 * DAY)
        assert traces(conn, [FIRST]) == []

    await db.write(work)


async def test_one_shops_tick_leaves_the_others_webhooks(db: Database, example: Shop) -> None:
    def work(conn: Connection) -> None:
        other = engine.install(conn, "other", now=NOW - timedelta(days=200))
        tell(conn, purchase(0))
        engine.store(conn, "orders/create", purchase(1).body(), now=NOW, shop="other")
        engine.handle_all(conn, NOW)
        keep(conn, NOW + 8 * DAY, other.id)
        assert removals.runs(conn, example.id, 9) == []
        [run] = removals.runs(conn, other.id, 9)
        assert run.counts == {Removed.WEBHOOKS: 1}
        assert {row.shop for row in conn.execute(select(inbox.c.shop))} == {"example"}
        assert {state for state, _, _ in states(conn)} == {HANDLED}

    await db.write(work)


def hashes(conn: Connection) -> dict[int | None, bool]:
    """Whether each order still holds a hash of its checkout token."""
    found = conn.execute(select(order.c.order_id, order.c.state))
    return {row.order_id: order_codec.decode(row.state).token is not None for row in found}


async def test_the_proof_of_a_checkout_is_kept_for_sixty_days_and_no_later_fact_brings_it_back(
    db: Database, example: Shop
) -> None:
    def work(conn: Connection) -> None:
        early, late = purchase(0), purchase(1)
        tell(conn, early)
        tell(conn, late, NOW + 10 * DAY)
        keep(conn, NOW + PROOF)
        assert hashes(conn) == {FIRST: True, FIRST + 1: True}
        after = NOW + PROOF + timedelta(seconds=1)
        keep(conn, after)
        assert hashes(conn) == {FIRST: False, FIRST + 1: True}
        [run] = [one for one in removals.runs(conn, example.id, 9) if one.at == after]
        assert run.counts == {Removed.CHECKOUTS: 1}
        for made in (early, late):
            made.wait(86_400)
            made.cancel()
            tell(conn, made, after)
        assert hashes(conn) == {FIRST: False, FIRST + 1: True}
        keep(conn, after + 10 * DAY)
        assert hashes(conn) == {FIRST: False, FIRST + 1: False}
        assert traces(conn, [f"{TOKEN}0", f"{TOKEN}1"]) == []

    await db.write(work)
    assert (await verified(db, NOW + PROOF)).breaches == ()


async def test_many_orders_lose_their_proofs_in_portions_and_erased_ones_are_passed_by(
    db: Database, example: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "PORTION", 3)

    def work(conn: Connection) -> None:
        for number in range(8):
            tell(conn, purchase(number, ANNA if number == 2 else None))
        erase(conn, ANNA)
        keep(conn, NOW + PROOF + DAY)
        kept = conn.execute(select(order.c.state).where(~order.c.sealed)).scalars()
        assert [order_codec.decode(state).token for state in kept] == [None] * 7

    await db.write(work)
