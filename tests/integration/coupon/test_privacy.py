"""A person's coupons can be handed out and forgotten, and a code that was given works to its day all the same."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import Connection, select

from plugin.core.order_book import order
from tests.integration.coupon.stage import Stage
from widgets.base import Subject
from widgets.coupon.jobs import expire
from widgets.coupon.privacy import PROCESSING, erase, erase_counted, erase_tags, export, export_counted
from widgets.coupon.tables import EXPIRED, GIVEN, coupon, coupon_code, coupon_customer, coupon_use


async def person(stage: Stage, *order_ids: int) -> Subject:
    def work(conn: Connection) -> tuple[int, ...]:
        return tuple(conn.execute(select(order.c.id).where(order.c.order_id.in_(order_ids))).scalars())

    return Subject(stage.shop.id, (), await stage.db.read(work))


async def exported(stage: Stage, subject: Subject) -> list[Mapping[str, object]]:
    return await stage.db.read(lambda conn: list(export(conn, subject)))


async def test_a_person_is_told_of_their_codes_and_of_those_they_used(stage: Stage) -> None:
    await stage.tell(stage.arrival(1), stage.arrival(2))
    one, two = await stage.code(1), await stage.code(2)
    await stage.order(3, codes=(two,))
    told = await exported(stage, await person(stage, 1, 3))
    coupons = [record["coupon"] for record in told if "coupon" in record]
    assert [(mine["order"], mine["value"]) for mine in coupons if isinstance(mine, dict)] == [
        ("1", 10),
        ("3", 10),
    ]
    assert isinstance(coupons[0], dict)
    assert coupons[0]["code"] == one
    assert [record["used"] for record in told if "used" in record] == [
        {"order": "3", "code": two, "currency": "EUR", "paid": 4990, "taken_off": 0}
    ]
    assert await exported(stage, Subject(stage.shop.id)) == []


async def test_forgetting_leaves_no_code_and_no_coupon_of_that_person_alone(stage: Stage) -> None:
    await stage.tell(stage.arrival(1), stage.arrival(2))
    mine, other = await stage.code(1), await stage.code(2)
    subject = await person(stage, 1)
    await stage.db.write(lambda conn: erase(conn, subject, stage.now))
    assert (await exported(stage, subject)) == []
    assert mine not in {code for (code,) in await stage.rows(coupon_code, "code")}
    assert [ref for (ref,) in await stage.rows(coupon, "order_ref")] == list(
        (await person(stage, 2)).order_refs
    )
    assert await stage.code(2) == other
    assert await stage.breaches() == []
    await stage.again(1)
    assert len(await stage.rows(coupon)) == 1


async def test_a_forgotten_code_lives_to_its_day_and_ends_then(stage: Stage) -> None:
    await stage.order(1)
    subject = await person(stage, 1)
    await stage.db.write(lambda conn: erase(conn, subject, stage.now))
    live = [row for row in await stage.rows(coupon_code, "state", "code", "order_ref") if row[0] == GIVEN]
    assert live == [(GIVEN, None, None)]
    day_after = stage.now + timedelta(days=31, hours=2)
    assert await stage.db.write(lambda conn: expire(conn, None, day_after)) == 1
    ended = [gid for state, gid in await stage.rows(coupon_code, "state", "gid") if state == EXPIRED]
    assert len(ended) == 1
    assert ended[0] is not None
    assert "coupon.remove" in [name for name, _ in await stage.tasks()]


async def test_a_strangers_page_still_says_that_their_code_was_used(stage: Stage) -> None:
    await stage.order(1)
    await stage.order(2, codes=(await stage.code(1),))
    subject = await person(stage, 2)
    await stage.db.write(lambda conn: erase(conn, subject, stage.now))
    assert await stage.states([1]) == ["redeemed"]
    assert len(await stage.rows(coupon_use)) == 1


def test_what_is_kept_of_a_person_is_declared() -> None:
    processing, counted, tagged = PROCESSING
    assert {"coupon_code.code", "coupon_code.assigned_at", "coupon.order_ref"} <= set(processing.columns)
    assert processing.export is export
    assert processing.erase is erase
    assert counted.erase is erase_counted
    assert tagged.erase is erase_tags


async def test_what_shopify_counted_is_told_and_forgotten_and_late_answers_find_nobody(stage: Stage) -> None:
    await stage.set(stamp_every=5)
    await stage.tell(stage.arrival(1, customer_id=7), stage.arrival(2, customer_id=8))
    await stage.answer(7, 4)
    subject = Subject(stage.shop.id, (7,))
    told = await stage.db.read(lambda conn: list(export_counted(conn, subject)))
    assert told == [{"orders": 4, "counted_at": stage.now}]
    await stage.db.write(lambda conn: erase_counted(conn, subject, stage.now))
    await stage.db.write(lambda conn: erase_counted(conn, Subject(stage.shop.id), stage.now))
    assert [customer for (customer,) in await stage.rows(coupon_customer, "customer_id")] == [8]
    await stage.answer(7, 9)
    assert await stage.db.read(lambda conn: list(export_counted(conn, subject))) == []
