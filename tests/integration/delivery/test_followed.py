"""After an order: the promise as the book has it, where the parcels are, and the truth about what was kept."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

import widgets
from plugin.core.orders import Arrival, Line, Snapshot
from plugin.core.parcels import Parcel, Scan
from plugin.crypto import keyed_hash
from plugin.pseudonyms import Pseudonyms
from plugin.shops import shop_key
from tests.integration.widgets.stage import CHECKOUT, ORDER, Stage, facts
from widgets.delivery.tables import delivery_change, delivery_promise

DE = {"countries": ["DE"], "min": 1, "max": 2, "carrier": "DHL", "days": "mon-sun"}
EVERY_DAY = {"lanes": [DE], "dispatch_days": "mon-sun", "handling_days": [0, 0], "cutoff": "23:59"}
"""Whatever today is, what is ordered today is sent today; holidays aside."""

DHL = "https://www.dhl.de/?piececode=1"
IN_TIME, TOO_LATE, NEVER = timedelta(days=1), timedelta(days=12), None


def parcel(
    number: int, sent: datetime, *scans: tuple[str, datetime], url: str | None = DHL, line: int = 1
) -> Parcel:
    """A parcel of one piece, with its scans."""
    told = tuple(Scan(10 * number + n, status, at, at) for n, (status, at) in enumerate(scans))
    carrier: Any = {"carrier": "DHL Paket", "number": "0034", "url": url}
    return Parcel(number, sent, sent, "success", **carrier, items=((line, 1),), scans=told, announced=True)


async def tell(stage: Stage, parcels: Sequence[Parcel] = (), number: int = ORDER, **changes: Any) -> None:
    """Have an order and its parcels arrive as webhooks would tell them."""
    told = facts(stage.now, number, **changes)
    token = keyed_hash(shop_key(stage.display.keyring, stage.shop), CHECKOUT)
    arrival = Arrival(stage.shop.id, number, Snapshot(told), token, parcels=tuple(parcels))
    pseudonyms = Pseudonyms(stage.display.keyring, [stage.shop])
    await stage.db.write(lambda conn: widgets.apply(conn, [arrival], stage.now, pseudonyms))


async def shown(stage: Stage, number: int = ORDER) -> Any:
    answer = await stage.order(number, checkout_token=CHECKOUT, locale="de")
    assert answer.status_code == 200
    return answer.json()["widgets"].get("delivery")


def ago(stage: Stage, days: float) -> dict[str, Any]:
    """An order of some days ago."""
    at = stage.now - timedelta(days=days)
    return {"created_at": at, "processed_at": at}


@pytest.fixture
async def daily(stage: Stage) -> Stage:
    """A shop that sends every day."""
    await stage.change("delivery", **EVERY_DAY)
    return stage


async def test_without_a_lane_no_day_is_named(stage: Stage) -> None:
    await tell(stage)
    found = await shown(stage)
    assert found["state"] == "unknown"
    assert found["text"] == "Sobald Ihr Paket unterwegs ist, nennen wir Ihnen hier den Tag."
    assert found.get("first_promise") is found.get("kept_rate") is None


async def test_a_promise_is_shown_as_the_book_has_it(daily: Stage) -> None:
    await tell(daily)
    found = await shown(daily)
    assert found["state"] == "promised"
    assert found["first_promise"] == {"earliest": found["earliest"], "latest": found["latest"]}
    assert found["title"].startswith("Bei Ihnen: ")
    assert found["carrier"] == "DHL"
    assert found["changes"] == []
    assert [step["name"] for step in found["steps"]] == ["Bestellt", "Übergeben", "Bei Ihnen"]
    assert [step["done"] for step in found["steps"]] == [True, False, False]
    assert found.get("chance") is found.get("note") is found.get("tracking_url") is None


async def test_later_settings_change_no_promise(daily: Stage) -> None:
    await tell(daily)
    before = await shown(daily)
    await daily.change("delivery", lanes=[{**DE, "min": 8, "max": 9}])
    await tell(daily, updated_at=daily.now + timedelta(seconds=5))
    assert await shown(daily) == before
    await daily.change("delivery", enabled=False)
    assert await shown(daily) == before


async def test_what_is_handed_over_names_its_carrier_and_leads_to_it(daily: Stage) -> None:
    await tell(daily, [parcel(1, daily.now)])
    found = await shown(daily)
    assert found["state"] == "handed_over"
    assert found["text"] == "DHL Paket hat es übernommen."
    assert (found["carrier"], found["tracking_url"]) == ("DHL Paket", DHL)
    assert [step["done"] for step in found["steps"]] == [True, True, False]


@pytest.mark.parametrize("url", ["http://www.dhl.de/1", "javascript:alert(1)", None])
async def test_an_address_that_is_not_safe_is_no_link(daily: Stage, url: str | None) -> None:
    await tell(daily, [parcel(1, daily.now, url=url)])
    found = await shown(daily)
    assert found["state"] == "handed_over"
    assert found.get("tracking_url") is found.get("tracking_text") is None


async def test_a_parcel_that_came_in_time_kept_its_promise(daily: Stage) -> None:
    sent = daily.now - timedelta(days=8)
    await tell(daily, [parcel(1, sent, ("in_transit", sent), ("delivered", sent + IN_TIME))], **ago(daily, 8))
    found = await shown(daily)
    assert found["state"] == "delivered"
    assert found["title"] == "Ihr Paket ist da."
    assert found["text"].endswith((", wie zugesagt.", ", früher als zugesagt."))
    assert [step["done"] for step in found["steps"]] == [True, True, True]
    assert found.get("tracking_url") is None


async def test_a_parcel_that_came_too_late_is_no_kept_promise(daily: Stage) -> None:
    sent = daily.now - timedelta(days=20)
    await tell(daily, [parcel(1, sent, ("delivered", sent + TOO_LATE))], **ago(daily, 20))
    found = await shown(daily)
    assert found["state"] == "delivered"
    assert "Zugesagt war " in found["text"]
    assert found["text"].endswith("das tut uns leid.")
    assert date.fromisoformat(found["first_promise"]["latest"]) < daily.now.date()


async def test_past_its_day_a_parcel_is_late_with_an_apology_and_what_comes_next(daily: Stage) -> None:
    sent = daily.now - timedelta(days=10)
    await tell(daily, [parcel(1, sent, ("in_transit", daily.now - timedelta(days=3)))], **ago(daily, 10))
    found = await shown(daily)
    assert found["state"] == "late"
    assert found["title"] == "Ihr Paket kommt später. Das tut uns leid."
    assert found["first_text"].startswith("Zuerst zugesagt: ")
    assert found["help_text"].startswith("Wenn Sie nicht warten können")
    assert found["tracking_url"] == DHL


async def test_a_parcel_that_nobody_scans_is_not_called_late(daily: Stage) -> None:
    await tell(daily, [parcel(1, daily.now - timedelta(days=10))], **ago(daily, 10))
    found = await shown(daily)
    assert found["state"] == "unknown"
    assert found["title"] == "Ihr Paket müsste inzwischen da sein."


async def test_what_was_never_handed_over_is_late(daily: Stage) -> None:
    await tell(daily, **ago(daily, 10))
    found = await shown(daily)
    assert found["state"] == "late"
    assert found["steps"][1]["done"] is False


async def test_a_lost_parcel_promises_no_new_day(daily: Stage) -> None:
    sent = daily.now - timedelta(days=10)
    await tell(
        daily, [parcel(1, sent, ("in_transit", sent), ("failure", sent + TOO_LATE / 2))], **ago(daily, 10)
    )
    found = await shown(daily)
    assert found["state"] == "late"
    assert found["text"].startswith("Der Paketdienst bringt es nicht mehr.")
    assert found.get("latest") is None


async def test_each_change_stands_with_its_reason_and_the_first_promise_stays(daily: Stage) -> None:
    await tell(daily, [parcel(1, daily.now, ("in_transit", daily.now))])
    first = (await shown(daily))["first_promise"]
    new = {"earliest": daily.now.date() + timedelta(days=5), "latest": daily.now.date() + timedelta(days=6)}
    rows = [
        {"at": daily.now, "reason": "carrier", **new},
        {"at": daily.now, "reason": "of another version", "earliest": None, "latest": None},
    ]

    async def add(row: dict[str, Any]) -> Any:
        def work(conn: Any) -> None:
            ref = conn.execute(select(delivery_promise.c.order_ref)).scalar_one()
            conn.execute(insert(delivery_change), {"shop_id": daily.shop.id, "order_ref": ref, **row})

        await daily.db.write(work)
        return await shown(daily)

    found = await add(rows[0])
    assert found["first_promise"] == first
    assert found["first_text"].startswith("Zuerst zugesagt: ")
    assert (found["earliest"], found["latest"]) == (new["earliest"].isoformat(), new["latest"].isoformat())
    (change,) = found["changes"]
    assert (change["reason"], change["latest"]) == ("carrier", new["latest"].isoformat())
    assert change["text"].endswith("Der Paketdienst ist langsamer als sonst.")
    found = await add(rows[1])
    assert found["first_promise"] == first
    assert found.get("latest") is None
    assert found["title"] == "Ihr Paket ist unterwegs."
    assert "Kein Tag lässt sich nennen." in found["changes"][1]["text"]


async def test_of_several_parcels_each_is_named_and_the_last_one_counts(daily: Stage) -> None:
    two = (Line(1, 2, 1, 1, False, True, 2000), Line(2, 3, 1, 1, False, True, 2990))
    sent = daily.now - timedelta(days=1)
    home = parcel(1, sent, ("in_transit", sent), ("delivered", sent + timedelta(hours=20)))
    await tell(daily, [home], lines=two, **ago(daily, 1))
    found = await shown(daily)
    assert found["state"] == "handed_over"
    assert found["text"].endswith(" Ein weiteres Paket Ihrer Bestellung folgt.")
    other = parcel(2, sent, ("in_transit", sent), line=2, url="https://other.example/2")
    await tell(daily, [home, other], lines=two, **ago(daily, 1), updated_at=daily.now + timedelta(seconds=9))
    found = await shown(daily)
    assert [one["name"] for one in found["parcels"]] == ["Paket 1 von 2", "Paket 2 von 2"]
    assert [one["text"] for one in found["parcels"]] == ["DHL Paket, zugestellt", "DHL Paket, unterwegs"]
    assert found["tracking_url"] == "https://other.example/2"
    assert found["steps"][2]["done"] is False


async def test_nothing_is_said_of_what_is_not_sent_or_taken_back(daily: Stage) -> None:
    card = Line(1, 2, 1, 1, gift_card=True, ships=False, price=5000)
    await tell(daily, number=ORDER + 1, lines=(card,))
    await tell(daily, number=ORDER + 2, cancelled_at=daily.now)
    await tell(daily, number=ORDER + 3, status="voided")
    for number in (1, 2, 3):
        assert await shown(daily, ORDER + number) is None


async def test_the_kept_rate_is_told_of_thirty_decided_promises_and_never_of_fewer(daily: Stage) -> None:
    def sent(n: int, after: timedelta) -> list[Parcel]:
        at = daily.now - timedelta(days=20)
        return [parcel(100 + n, at, ("in_transit", at), ("delivered", at + after))]

    for n in range(29):
        await tell(daily, sent(n, IN_TIME if n else TOO_LATE), ORDER + 100 + n, **ago(daily, 20))
    await tell(daily)
    assert (await shown(daily)).get("kept_rate") is None
    await tell(daily, sent(29, IN_TIME), ORDER + 129, **ago(daily, 20))
    found = await shown(daily)
    assert found["kept_rate"] == {"percent": 96, "n": 30}, "29 of 30 is rounded down"
    assert found["kept_text"] == "Von unseren letzten 30 Zusagen haben wir 96\u00a0% gehalten."
    other = await shown(daily, ORDER + 100)
    assert other["state"] == "delivered"
    assert other["kept_rate"] == found["kept_rate"]
    assert other.get("kept_text") is None, "nobody wants to hear it with a parcel that came too late"
    for n in range(30, 40):
        await tell(daily, sent(n, IN_TIME), ORDER + 100 + n, **ago(daily, 2))
    assert (await shown(daily))["kept_rate"]["n"] == 30, "what is not past its day would flatter"
