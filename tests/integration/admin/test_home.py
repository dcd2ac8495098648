"""The home page says what is true of this shop, and nothing of another."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape

from sqlalchemy import Connection, insert, select, update

import widgets
from plugin import tasks
from plugin.shops import shop as shop_table
from plugin.tasks import Wanted, task
from tests.integration.admin.stage import Stage
from webhooks import inbox
from webhooks.inbox import Event, Received
from widgets.coupon.tables import coupon_code

HOSTILE = "\"><script>alert(1)</script> & 'Käse' 🧀"


async def arrive(stage: Stage, handle: str, name: str, *, parked: str | None = None) -> int:
    """Store a webhook as the door does, and set it aside for that reason."""
    now = datetime.now(UTC)
    received = Received("shopify", handle, name, "orders/paid", None, now, b"{}")

    def work(conn: Connection) -> int:
        inbox.store(conn, [received.row(stage.runtime.keyring)])
        row = conn.execute(select(inbox.inbox).where(inbox.inbox.c.webhook_id == name)).one()
        if parked is not None:
            inbox.park(
                conn,
                Event(row.id, row.source, row.shop, name, row.topic, None, now, None, row.attempts),
                parked,
            )
        return int(row.id)

    return await stage.db.write(work)


async def park_task(stage: Stage, shop_id: int, reason: str) -> int:
    now = datetime.now(UTC)

    def work(conn: Connection) -> int:
        tasks.enqueue(conn, [Wanted(shop_id, "fetch_order", "7", now, {"order_id": 7})], now)
        conn.execute(update(task).where(task.c.shop_id == shop_id).values(state="parked", reason=reason))
        return int(conn.execute(select(task.c.id).where(task.c.shop_id == shop_id)).scalar_one())

    return await stage.db.write(work)


async def state_of(stage: Stage, id: str) -> str:
    table = inbox.inbox if id[0] == "e" else task
    statement = select(table.c.state).where(table.c.id == int(id[1:]))
    return await stage.db.read(lambda conn: str(conn.execute(statement).scalar_one()))


def numbers(page: str) -> dict[str, str]:
    return dict(re.findall(r"<dt>(.*?)</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL))


async def test_key_figures_are_of_the_last_thirty_days_and_of_this_shop(stage: Stage) -> None:
    assert numbers((await stage.part("/")).text)["Orders"] == "0"
    await stage.tell(1001)
    await stage.tell(1002, processed_at=datetime.now(UTC) - timedelta(days=20))
    await stage.tell(1003, processed_at=datetime.now(UTC) - timedelta(days=31))
    await stage.tell(1004, customer_id=None)
    await stage.tell(2001, stage.other)
    found = numbers((await stage.part("/")).text)
    assert found["Orders"] == "3"
    assert found["Points given"] == "98"
    assert found["of these not to be spent yet"] == "49"
    assert numbers((await stage.part("/", stage.other)).text)["Orders"] == "1"


async def test_coupons_are_counted_by_todays_facts_and_an_empty_pool_is_said(stage: Stage) -> None:
    rehearse, now = widgets.ALL["coupon"].rehearse, datetime.now(UTC)
    assert rehearse is not None
    await stage.tell(1001)
    page = (await stage.part("/", locale="de")).text
    found = numbers(page)
    assert (found["Vergebene Gutscheine"], found["Bereitliegende Codes"]) == ("1", "0")
    assert "Shopify wird gerade um Codes gebeten" in page
    await stage.db.write(lambda conn: rehearse(conn, stage.shop.id, now))
    page = (await stage.part("/", locale="de")).text
    assert numbers(page)["Bereitliegende Codes"] == "1"
    assert "Shopify wird gerade um Codes gebeten" not in page
    given = select(coupon_code.c.code).where(coupon_code.c.order_ref.is_not(None))
    code = await stage.db.read(lambda conn: str(conn.execute(given).scalar_one()))
    await stage.tell(1002, codes=(code.lower(),))
    await stage.tell(1003, cancelled_at=now)
    await stage.tell(2001, stage.other)
    found = numbers((await stage.part("/", locale="de")).text)
    assert (found["Vergebene Gutscheine"], found["Eingelöste Gutscheine"]) == ("2", "1")
    assert numbers((await stage.part("/", stage.other)).text)["Coupons used"] == "0"


async def test_a_full_month_is_said_on_the_home_page_and_beside_its_settings(stage: Stage) -> None:
    now = datetime.now(UTC)
    patch = {"kind": "amount", "value": 500, "minimum_subtotal": 3000, "monthly_cap": 500}
    await stage.db.write(lambda conn: widgets.change_settings(conn, stage.shop.id, "coupon", patch, now))
    said = "This month's coupons are given out: €5 of €5."
    await stage.tell(1001)
    assert said not in unescape((await stage.part("/")).text)
    await stage.tell(1002)
    assert said in unescape((await stage.part("/")).text)
    assert said in unescape((await stage.part("/admin/widgets/coupon")).text)
    assert said not in unescape((await stage.part("/admin/widgets/loyalty")).text)
    assert said not in unescape((await stage.part("/", stage.other)).text)


async def test_the_switches_tell_what_is_on(stage: Stage) -> None:
    page = (await stage.part("/")).text
    assert page.count('<s-badge tone="success">on</s-badge>') == len(widgets.ALL)
    now = datetime.now(UTC)
    await stage.db.write(
        lambda conn: widgets.change_settings(conn, stage.shop.id, "loyalty", {"enabled": False}, now)
    )
    page = (await stage.part("/")).text
    assert page.count('<s-badge tone="success">on</s-badge>') == len(widgets.ALL) - 1
    assert "<s-badge>off</s-badge>" in page


async def test_each_widget_that_is_on_says_what_shoppers_read(stage: Stage) -> None:
    now = datetime.now(UTC)

    def change(conn: Connection) -> None:
        widgets.change_settings(conn, stage.shop.id, "coupon", {"value": 15}, now)
        widgets.change_settings(conn, stage.shop.id, "loyalty", {"enabled": False}, now)

    await stage.db.write(change)
    page = (await stage.part("/", locale="de")).text
    assert "Ihre Kundschaft liest: „15\xa0% auf Ihre nächste Bestellung, ohne Anmeldung.“" in page
    assert page.count('<p class="says">') == len(widgets.ALL) - 1


async def test_what_was_set_aside_stands_first_and_what_waits_is_said_only_if_anything_does(
    stage: Stage,
) -> None:
    calm = (await stage.part("/")).text
    assert calm.index('id="checklist"') < calm.index('id="parked"')
    assert "Everything that came is done." in calm
    assert not re.search(r"\b0 (messages|tasks)", calm)
    await arrive(stage, "example", "w1", parked="why")
    busy = (await stage.part("/")).text
    assert busy.index('id="parked"') < busy.index('id="checklist"')
    assert "Message orders/paid" in busy


async def test_the_last_message_is_the_shops_own_on_its_own_clock(stage: Stage) -> None:
    await arrive(stage, "other", "w1")
    assert "None has come in the last days." in (await stage.part("/")).text
    await arrive(stage, "example", "w2")
    page = (await stage.part("/", locale="de")).text
    assert re.search(r"Die letzte kam am \d+\. \w+\.?, \d\d:\d\d\.", page)
    assert "1 Nachricht wartet auf ihre Verarbeitung." in page


async def test_what_is_set_aside_is_listed_with_its_reason_escaped(stage: Stage) -> None:
    event = await arrive(stage, "example", "w1", parked=HOSTILE)
    job = await park_task(stage, stage.shop.id, "Shopify refuses.")
    await arrive(stage, "other", "w2", parked="another shop's reason")
    page = (await stage.document("/")).text
    assert "2 items could not be handled." in page
    assert "Shopify refuses." in page
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#39;Käse&#39; 🧀" in page
    assert "another shop" not in page
    assert set(re.findall(r"/admin/parked/([et]\d+)", page)) == {f"e{event}", f"t{job}"}


async def test_trying_again_gives_it_back_to_the_worker_once(stage: Stage) -> None:
    event = f"e{await arrive(stage, 'example', 'w1', parked='why')}"
    job = f"t{await park_task(stage, stage.shop.id, 'why')}"
    for id in (event, job):
        found = await stage.post(f"/admin/parked/{id}")
        assert found.status_code == 200
        assert found.text.startswith('<div id="parked">')
        assert "It is being tried again." in found.text
        assert await state_of(stage, id) == "waiting"
        again = await stage.post(f"/admin/parked/{id}")
        assert "no longer here" in again.text


async def test_another_shops_parked_things_stay_parked(stage: Stage) -> None:
    event = f"e{await arrive(stage, 'other', 'w1', parked='why')}"
    job = f"t{await park_task(stage, stage.other.id, 'why')}"
    for id in (event, job):
        found = await stage.post(f"/admin/parked/{id}")
        assert "no longer here" in found.text
        assert await state_of(stage, id) == "parked"


async def test_an_id_that_is_none_finds_nothing(stage: Stage) -> None:
    for id in ("e", "t0", "x1", "e1.5", "e-1", "t" + "9" * 30, "e\N{ARABIC-INDIC DIGIT THREE}"):
        found = await stage.post(f"/admin/parked/{id}")
        assert found.status_code == 200
        assert "no longer here" in found.text


async def test_the_next_steps_are_ticked_by_what_is_true(stage: Stage) -> None:
    def steps(page: str) -> dict[str, str]:
        return dict(re.findall(r'data-step="(\w+)" data-state="(\w+)"', page))

    assert steps((await stage.part("/")).text) == {"placed": "open", "settings": "open", "order": "open"}
    await stage.tell(1001)
    now = datetime.now(UTC)
    await stage.db.write(
        lambda conn: widgets.change_settings(conn, stage.shop.id, "loyalty", {"pending_days": 3}, now)
    )
    assert steps((await stage.part("/")).text) == {"placed": "open", "settings": "done", "order": "done"}


async def test_the_next_steps_are_put_away_for_good_and_can_be_brought_back(stage: Stage) -> None:
    put_away = await stage.post("/admin/next-steps", {"shown": "false"})
    assert put_away.text.startswith('<div id="checklist">')
    assert "data-step" not in put_away.text
    assert "data-step" not in (await stage.part("/")).text
    assert "data-step" in (await stage.part("/", stage.other)).text
    back = await stage.post("/admin/next-steps", {"shown": "true"})
    assert "data-step" in back.text
    assert "data-step" in (await stage.part("/")).text


async def test_every_place_has_its_deep_link(stage: Stage) -> None:
    page = (await stage.document("/")).text
    places = re.findall(r'data-block="([^"]*)" data-target="([^"]*)"', page)
    assert ("", "purchase.thank-you.block.render") in places
    assert ("", "customer-account.order-status.block.render") in places
    assert ("loyalty", "") in places
    editor = (
        "https://example.myshopify.com/admin/themes/current/editor?template=index"
        "&amp;addAppBlockId=client-id/loyalty&amp;target=newAppsSection"
    )
    assert f'href="{editor}" target="_top"' in page


async def test_a_shop_that_must_be_opened_again_is_exchanged_or_told(stage: Stage) -> None:
    """The token is exchanged anew; where Shopify cannot be reached, one sentence says so and nothing breaks."""
    mark = update(shop_table).where(shop_table.c.id == stage.shop.id).values(needs_reopen=True)
    await stage.db.write(lambda conn: conn.execute(mark))
    found = await stage.document("/", locale="de")
    assert found.status_code in {401, 503}


async def test_a_shop_whose_settings_are_not_there_yet_waits_in_a_sentence(stage: Stage) -> None:
    row = {
        "id": 77,
        "handle": "fresh",
        "installed_at": datetime.now(UTC),
        "exchanged_at": datetime.now(UTC),
        "pseudonym_key": b"x",
    }
    await stage.db.write(lambda conn: conn.execute(insert(shop_table), [row]))
    found = await stage.document("/", "fresh", locale="de")
    assert found.status_code == 200
    assert "Wir fragen Shopify noch nach Ihrem Shop." in found.text
    assert 'hx-trigger="load delay:3s"' in found.text


async def test_a_hostile_shop_name_breaks_no_page(stage: Stage) -> None:
    naming = update(shop_table).where(shop_table.c.id == stage.shop.id)
    await stage.db.write(lambda conn: conn.execute(naming.values(name=HOSTILE, primary_domain='x"><b>.de')))
    for path in ("/", "/admin/shop", "/admin/ledger", *(f"/admin/widgets/{name}" for name in widgets.ALL)):
        page = await stage.document(path, host=HOSTILE)
        assert page.status_code == 200
        assert "<script>alert" not in page.text
        assert "<b>.de" not in page.text
