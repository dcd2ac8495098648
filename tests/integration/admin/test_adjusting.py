"""Points given and taken by hand: asked once more, posted once, explained for ever, and never beyond what is there."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection, func, select

import widgets
from plugin import verify
from plugin.core import adjustments, standing
from plugin.core.adjustments import AUTHORS_FOR, adjustment
from plugin.core.ledger import ledger_entry
from plugin.core.standing import Standing
from plugin.language import language
from plugin.retention import keep_no_longer
from tests import engine
from tests.integration.admin.stage import Stage
from tests.integration.admin.test_settings_pages import dump
from tests.integration.widgets.stage import CUSTOMER

PATH = "/admin/ledger/adjust"
LONG_AGO = timedelta(days=20)


async def bought(stage: Stage, order_id: int = 1001, **changes: Any) -> None:
    """An order of 49 points, which can be spent."""
    await stage.tell(order_id, processed_at=datetime.now(UTC) - LONG_AGO, **changes)


async def form(stage: Stage, **changes: str) -> dict[str, str]:
    """The form as the statement shows it, filled in."""
    page = await stage.part("/admin/ledger", q=str(CUSTOMER))
    nonce = re.search(r'name="nonce" value="(\w+)"', page.text)
    assert nonce is not None
    return {
        "customer": str(CUSTOMER),
        "nonce": nonce[1],
        "points": "50",
        "reason": "A late parcel",
        **changes,
    }


async def sent(stage: Stage, form: dict[str, str], locale: str = "en") -> httpx.Response:
    return await stage.post(PATH, form, locale=locale)


async def posted(stage: Stage, **changes: str) -> httpx.Response:
    return await sent(stage, await form(stage, confirmed="yes", **changes))


async def now(stage: Stage) -> Standing:
    found = await stage.db.read(
        lambda conn: standing.standing(conn, stage.shop.id, CUSTOMER, datetime.now(UTC))
    )
    assert found is not None
    return found


async def count(stage: Stage) -> int:
    return await stage.db.read(
        lambda conn: conn.execute(select(func.count()).select_from(ledger_entry)).scalar_one()
    )


async def sound(stage: Stage) -> bool:
    def check(conn: Connection) -> bool:
        return verify.verify(conn, stage.shop.handle, stage.shop.id, datetime.now(UTC)).ok

    return await stage.db.snapshot(check)


async def test_it_is_asked_whether_it_is_meant_and_nothing_is_posted_yet(stage: Stage) -> None:
    await bought(stage)
    before = await stage.db.read(dump)
    found = await sent(stage, await form(stage, told="true"))
    assert found.status_code == 200
    assert f"Give 50 points to customer {CUSTOMER}: 49 to spend become 99." in found.text
    assert "The customer reads: “Corrected by us: A late parcel”" in found.text
    assert 'name="confirmed" value="yes"' in found.text
    taking = await sent(stage, await form(stage, points="−9"), "de")
    assert f"9 Punkte von Kundenkonto {CUSTOMER} abziehen: aus 49 einlösbaren werden 40." in taking.text
    assert await stage.db.read(dump) == before
    back = await sent(stage, await form(stage, confirmed="no", points="many", reason="x"))
    assert back.status_code == 200
    assert 'value="many"' in back.text
    assert "error=" not in back.text


async def test_a_confirmed_one_is_posted_and_shown_with_who_and_why(stage: Stage) -> None:
    await bought(stage)
    found = await posted(stage)
    assert found.status_code == 200
    assert found.headers["hx-retarget"] == "#statement"
    assert found.text.startswith('<div id="statement"')
    assert "“A late parcel”, by you" in found.text
    assert "(the customer reads it)" not in found.text
    assert (await now(stage)).available == 99
    assert (await now(stage)).lifetime == 99
    assert await sound(stage)
    await posted(stage, points="-99", reason="Taken back", told="true")
    assert (await now(stage)).available == 0
    assert await sound(stage)
    page = await stage.client.get(
        "/admin/ledger",
        params={"shop": stage.shop.domain, "q": str(CUSTOMER), "locale": "en"},
        headers={"Authorization": f"Bearer {stage.token(sub='7')}", "HX-Request-Type": "partial"},
    )
    assert "“Taken back”, by staff member 42 (the customer reads it)" in page.text


async def test_a_double_click_posts_once(stage: Stage) -> None:
    await bought(stage)
    filled = await form(stage, confirmed="yes")
    found = await asyncio.gather(*(sent(stage, filled) for _ in range(5)))
    assert [one.status_code for one in found] == [200] * 5
    assert (await now(stage)).available == 99
    assert await count(stage) == 2


async def test_a_form_used_for_one_thing_does_not_post_another(stage: Stage) -> None:
    await bought(stage)
    filled = await form(stage, confirmed="yes")
    await sent(stage, filled)
    found = await sent(stage, {**filled, "points": "51"}, "de")
    assert found.status_code == 409
    assert "Dieses Formular wurde schon verwendet." in found.text
    assert await count(stage) == 2


async def test_no_more_is_taken_than_can_be_spent(stage: Stage) -> None:
    await bought(stage)
    await stage.tell(1002)
    assert (await now(stage)).pending == 49
    for confirmed in ({}, {"confirmed": "yes"}):
        found = await sent(stage, await form(stage, points="-50", **confirmed))
        assert found.status_code == 422
        assert 'error="Only 49 points can be spent; no more can be taken away."' in found.text
    assert await count(stage) == 2


async def test_two_who_take_the_same_points_at_once_do_not_both_get_them(stage: Stage) -> None:
    await bought(stage)
    forms = [await form(stage, points="-30", confirmed="yes") for _ in range(4)]
    found = await asyncio.gather(*(sent(stage, one) for one in forms))
    assert sorted(one.status_code for one in found) == [200, 422, 422, 422]
    assert (await now(stage)).available == 19
    assert await sound(stage)


@pytest.mark.parametrize("by", ["redemption", "adjustment"])
async def test_points_that_went_while_we_waited_for_the_account_are_not_taken_again(
    stage: Stage, by: str
) -> None:
    await bought(stage)
    began = datetime.now(UTC)
    later = began + timedelta(seconds=2)

    def take(conn: Connection, key: str, at: datetime) -> adjustments.Outcome:
        wanted = adjustments.Adjustment(key, -40, "Taken back", 42, told=False)
        return adjustments.adjust(conn, stage.shop.id, CUSTOMER, wanted, None, at)

    def race(conn: Connection) -> None:
        if by == "redemption":
            engine.redeem(conn, stage.shop, CUSTOMER, 40, later, later)
        else:
            assert take(conn, "first", later) is adjustments.Outcome.POSTED
        assert take(conn, "second", began) is adjustments.Outcome.SHORT

    await stage.db.write(race)
    held = await stage.db.read(lambda conn: standing.standing(conn, stage.shop.id, CUSTOMER, later))
    assert held is not None
    assert (held.available, held.debt) == (9, 0)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"points": ""}, "points"),
        ({"points": "0"}, "points"),
        ({"points": "1.5"}, "points"),
        ({"points": "many"}, "points"),
        ({"points": "10000001"}, "points"),
        ({"points": "9" * 12}, "points"),
        ({"reason": ""}, "reason"),
        ({"reason": "  a  b "[:4]}, "reason"),
        ({"reason": "x" * 201}, "reason"),
        ({"reason": "a\u202eb c"}, "reason"),
    ],
)
async def test_what_cannot_be_posted_is_told_at_its_field(
    stage: Stage, changes: dict[str, str], field: str
) -> None:
    await bought(stage)
    before = await stage.db.read(dump)
    for confirmed in ({}, {"confirmed": "yes"}):
        found = await sent(stage, await form(stage, **changes, **confirmed))
        assert found.status_code == 422
        assert re.search(rf'id="adjust-{field}"[^>]* error="', found.text)
        assert found.text.count(' error="') == 1
    assert await stage.db.read(dump) == before


async def test_a_form_that_no_page_sends_and_a_customer_nobody_knows_are_refused(stage: Stage) -> None:
    await bought(stage)
    good = await form(stage, confirmed="yes")
    for changes in (
        {"nonce": "x"},
        {"nonce": ""},
        {"customer": "0"},
        {"customer": "9" * 30},
        {"customer": "x"},
    ):
        assert (await sent(stage, {**good, **changes})).status_code == 422
    stranger = await sent(stage, {**good, "customer": "7012345678999"})
    assert stranger.status_code == 409
    assert await count(stage) == 1
    foreign = await stage.post(PATH, good, stage.other)
    assert foreign.status_code == 409
    assert await count(stage) == 1


async def test_points_given_by_hand_end_by_the_rule_of_now(stage: Stage) -> None:
    rule = {"enabled": "true", "basis": "gross", "points_per_unit": "1", "pending_days": "14"}
    await stage.post("/admin/widgets/loyalty", {"version": "1", **rule, "expiry_months": "6"})
    await bought(stage)
    await posted(stage)
    ends = await stage.db.read(
        lambda conn: conn.execute(
            select(ledger_entry.c.expires_at).where(ledger_entry.c.kind == "adjustment")
        ).scalar_one()
    )
    assert timedelta(days=180) < ends - datetime.now(UTC) < timedelta(days=185)
    await posted(stage, points="-1")
    assert await sound(stage)


async def shopper_reads(stage: Stage) -> list[str]:
    entries = await stage.db.read(lambda conn: standing.entries(conn, stage.shop.id, CUSTOMER))
    return [entry.reason or "" for entry in entries]


async def test_the_shopper_reads_the_reason_only_where_the_merchant_says_so(stage: Stage) -> None:
    await bought(stage)
    await posted(stage, reason="Sorry for the wait", told="true")
    await posted(stage, reason="Looks like a nuisance")
    assert sorted(await shopper_reads(stage)) == ["", "", "Sorry for the wait"]


async def test_reason_and_author_are_handed_out_erased_and_outlived(stage: Stage) -> None:
    await bought(stage)
    await posted(stage, reason="A private matter")
    own = await stage.db.read(lambda conn: widgets.export(conn, stage.shop, CUSTOMER, language("en", "sie")))
    assert "A private matter" in str(own)
    assert "'author'" not in str(own)

    def later(conn: Connection) -> None:
        adjustments.forget_authors(conn, datetime.now(UTC) + AUTHORS_FOR - timedelta(days=1), 100)
        assert conn.execute(select(adjustment.c.author)).scalar_one() == 42
        keep_no_longer(conn, stage.runtime.keyring, None, datetime.now(UTC) + AUTHORS_FOR + timedelta(days=1))
        assert conn.execute(select(adjustment.c.author)).scalar_one() is None
        widgets.erase(conn, widgets.subject(conn, stage.shop.id, CUSTOMER), datetime.now(UTC))

    await stage.db.write(later)
    assert "A private matter" not in str(await stage.db.read(dump))
    assert await count(stage) == 2
    assert await sound(stage)
