"""The page about personal data: requests with their dates and files, who looked at whom, and what was removed."""

import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, select

import widgets
from plugin.core import access_log, adjustments, data_requests, removals
from plugin.core.access_log import KEPT_FOR, Look, Seen
from plugin.core.removals import SHOWN_FOR, Removed
from plugin.language import language
from plugin.retention import keep_no_longer
from tests.integration.admin.stage import Stage
from tests.integration.widgets.stage import CUSTOMER
from webhooks.erasure import erase_customer
from widgets.inventory import declared

DAY = timedelta(days=1)
PATH = "/admin/privacy"
ORDER, UNKNOWN = 1001, 8_888_001


async def shown(stage: Stage, locale: str = "en", path: str = PATH) -> str:
    found = await stage.part(path, locale=locale)
    assert found.status_code == 200
    return re.sub(r"\s+", " ", found.text)


async def ask(
    stage: Stage,
    number: int,
    customer: int | None = CUSTOMER,
    *orders: int,
    days_ago: int = 0,
    unknown: int = 0,
) -> int:
    """Have a customer ask for their data; returns our own number of the request."""
    at = datetime.now(UTC) - days_ago * DAY

    def work(conn: Connection) -> int:
        refs = widgets.subject(conn, stage.shop.id, None, orders).order_refs
        asked = () if unknown == 0 else (unknown,)
        data_requests.record(conn, stage.shop.id, number, customer, refs, at, asked)
        return max(one.id for one in data_requests.requests(conn, stage.shop.id))

    return await stage.db.write(work)


async def erase(stage: Stage, customer: int | None, *orders: int) -> None:
    def work(conn: Connection) -> None:
        erase_customer(conn, stage.runtime.keyring, stage.shop, customer, orders, datetime.now(UTC))

    await stage.db.write(work)


async def looks(stage: Stage) -> list[Seen]:
    return await stage.db.read(lambda conn: access_log.lately(conn, stage.shop.id, 100))


async def test_a_request_is_listed_with_its_date_and_told_on_the_home_page_until_it_is_done(
    stage: Stage,
) -> None:
    await stage.tell(ORDER)
    request = await ask(stage, 1, days_ago=5)
    due = language("en", "sie").long_date((datetime.now(ZoneInfo("Europe/Berlin")) + 25 * DAY).date())
    page = await shown(stage)
    assert f"Customer {CUSTOMER}" in page
    assert f"due on {due}" in page
    assert "There is data of this person" in page
    assert f"please hand it over by {due}" in await shown(stage, path="/")
    done = await stage.post(f"{PATH}/requests/{request}", locale="en")
    assert "Noted as done." in done.text
    assert "done on" in done.text
    assert "was done already" in (await stage.post(f"{PATH}/requests/{request}", locale="en")).text
    assert "hand it over" not in await shown(stage, path="/")


async def test_what_is_late_is_said_to_be_and_comes_first(stage: Stage) -> None:
    await stage.tell(ORDER)
    await ask(stage, 1, days_ago=25)
    await ask(stage, 2, days_ago=31)
    page = await shown(stage)
    assert page.index('tone="critical"') < page.index('tone="warning"')
    assert "overdue since" in page
    assert "should have been answered by" in await shown(stage, path="/")


async def test_the_files_hold_everything_and_say_it_in_the_shops_language_and_are_written_down(
    stage: Stage,
) -> None:
    await stage.tell(ORDER)
    request = await ask(stage, 1)
    found = await stage.part(f"{PATH}/requests/{request}/json", locale="de")
    assert found.headers["content-disposition"].endswith('.json"')
    exported = json.loads(found.text)
    assert exported["customers"] == [str(CUSTOMER)]
    whats = [one["what"] for one in exported["data"]]
    known = {processing.what for processing in widgets.everything()}
    assert not known & set(whats), "every text is translated, a widget's own too"
    page = (await stage.part(f"{PATH}/requests/{request}/html", locale="de")).text
    assert f"Kundennummer: {CUSTOMER}." in page
    assert "49,90\N{NO-BREAK SPACE}€" in page
    assert "Punkte für eine Bestellung" in page or "points for an order" not in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="', page), "it needs nothing from anywhere"
    assert [(one.staff, one.what, one.customer_id) for one in await looks(stage)] == [
        (42, Look.REQUEST, CUSTOMER),
        (42, Look.REQUEST, CUSTOMER),
    ]


async def test_somebody_known_by_e_mail_alone_is_explained_and_their_orders_are_shown(stage: Stage) -> None:
    await ask(stage, 1, None, unknown=UNKNOWN)
    page = await shown(stage)
    assert "Somebody without a customer number" in page
    assert "No e-mail addresses are kept here" in page
    assert f"Orders named with it: {UNKNOWN}." in page
    assert "Download to read" not in page
    await erase(stage, None, UNKNOWN)
    assert str(UNKNOWN) not in await shown(stage)


async def test_a_guests_order_that_is_here_can_be_handed_out(stage: Stage) -> None:
    await stage.tell(ORDER, customer_id=None)
    request = await ask(stage, 1, None, ORDER)
    page = await shown(stage)
    assert f"Orders named with it: {ORDER}." in page
    assert "Download to read" in page
    found = await stage.part(f"{PATH}/requests/{request}/json")
    assert f'"{ORDER}"' in found.text
    assert [(one.what, one.order_id) for one in await looks(stage)] == [(Look.REQUEST, ORDER)]


async def test_after_an_erasure_nothing_leads_back_and_it_is_counted(stage: Stage) -> None:
    await stage.tell(ORDER)
    await shown(stage, path=f"/admin/ledger?q={CUSTOMER}")
    await stage.part("/admin/ledger", q=str(CUSTOMER))
    await ask(stage, 1, CUSTOMER, ORDER)
    await erase(stage, CUSTOMER, ORDER)
    await erase(stage, CUSTOMER, ORDER)
    page = await shown(stage)
    assert str(CUSTOMER) not in page
    assert str(ORDER) not in page
    assert "Somebody who was erased since" in page
    assert "Nothing is kept any more." in page
    assert "1 person, because it was asked for" in page
    assert page.count("because it was asked for") == 1
    kept = await stage.db.read(
        lambda conn: conn.execute(
            select(access_log.access_log.c.account_id, access_log.access_log.c.order_ref)
        ).all()
    )
    assert {tuple(row) for row in kept} == {(None, None)}


@pytest.mark.parametrize("path", ["999/json", "x/json", "1/csv", "99999999999999999999/html"])
async def test_what_is_not_there_is_not_found(stage: Stage, path: str) -> None:
    assert (await stage.part(f"{PATH}/requests/{path}")).status_code == 404


async def test_another_shops_requests_and_looks_are_nobodys_business(stage: Stage) -> None:
    await stage.tell(ORDER)
    request = await ask(stage, 1)
    await stage.part("/admin/ledger", q=str(CUSTOMER))
    found = await stage.part(PATH, stage.other)
    assert str(CUSTOMER) not in found.text
    assert (await stage.part(f"{PATH}/requests/{request}/json", stage.other)).status_code == 404
    answer = await stage.post(f"{PATH}/requests/{request}", shop=stage.other, locale="en")
    assert "was done already" in answer.text
    assert "due on" in await shown(stage)


async def test_every_look_at_somebody_is_written_down_and_nothing_else_is(stage: Stage) -> None:
    await stage.tell(ORDER)
    await stage.tell(1002, customer_id=None)
    await stage.part("/admin/ledger")
    await stage.part("/admin/ledger", q="999")
    await stage.part("/admin/ledger/export", customer="999")
    assert await looks(stage) == []
    for asked in (str(CUSTOMER), str(ORDER), "1002"):
        await stage.part("/admin/ledger", q=asked)
    await stage.part("/admin/ledger/export", customer=str(CUSTOMER))
    await stage.part("/admin/ledger/export")
    assert [(one.what, one.customer_id, one.order_id) for one in await looks(stage)] == [
        (Look.LEDGER, None, None),
        (Look.ENTRIES, CUSTOMER, None),
        (Look.STATEMENT, None, 1002),
        (Look.STATEMENT, CUSTOMER, None),
        (Look.STATEMENT, CUSTOMER, None),
    ]
    page = await shown(stage)
    for text in ("You", f"Customer {CUSTOMER}", "Order 1002", "Everybody", "All entries, downloaded"):
        assert text in page


async def test_the_customer_is_told_when_but_not_who(stage: Stage) -> None:
    await stage.tell(ORDER)
    await stage.part("/admin/ledger", q=str(CUSTOMER))
    english = language("en", "sie")
    exported = await stage.db.read(lambda conn: widgets.export(conn, stage.shop, CUSTOMER, english))
    [seen] = [one for part in exported["data"] for one in part["records"] if "seen_at" in one]
    assert seen.keys() == {"seen_at", "seen"}


async def test_looks_are_kept_for_a_year_and_the_report_of_removals_for_three(stage: Stage) -> None:
    await stage.tell(ORDER)
    await stage.part("/admin/ledger", q=str(CUSTOMER))
    now = datetime.now(UTC)

    def keep(conn: Connection, at: datetime) -> None:
        while keep_no_longer(conn, stage.runtime.keyring, None, at):
            pass

    await stage.db.write(lambda conn: keep(conn, now + KEPT_FOR - DAY))
    assert len(await looks(stage)) == 1
    await stage.db.write(lambda conn: keep(conn, now + KEPT_FOR + DAY))
    assert await looks(stage) == []
    assert "1 entry of the access log" in await shown(stage)
    await stage.db.write(lambda conn: keep(conn, now + KEPT_FOR + SHOWN_FOR + 2 * DAY))
    assert await stage.db.read(lambda conn: removals.runs(conn, stage.shop.id, 100)) == []


async def test_a_run_is_reported_once_to_the_shop_it_concerns(stage: Stage) -> None:
    now = datetime.now(UTC)

    def work(conn: Connection) -> None:
        removals.note(conn, Removed.BODIES, {stage.shop.id: 2, stage.other.id: 5}, now)
        removals.note(conn, Removed.BODIES, {stage.shop.id: 3}, now)
        removals.note(conn, Removed.WEBHOOKS, {stage.shop.id: 0}, now)
        [run] = removals.runs(conn, stage.shop.id, 100)
        assert run.counts == {Removed.BODIES: 5}
        assert adjustments.forget_authors(conn, now, 10) == {}

    await stage.db.write(work)
    assert "5 messages that could not be handled" in await shown(stage)


VOICES = {"de-sie": ("de", "sie"), "de-du": ("de", "du"), "en": ("en", "sie")}


@pytest.mark.parametrize("voice", VOICES)
async def test_the_policys_paragraph_has_every_row_of_the_panel_in_that_voice(
    stage: Stage, voice: str
) -> None:
    found = await stage.part(f"{PATH}/policy/{voice}")
    assert found.headers["content-disposition"] == f'attachment; filename="example-policy-{voice}.html"'
    text = unescape(found.text)
    rows = declared(frozenset(), *VOICES[voice])
    assert len(rows) == len(widgets.everything())
    for row in rows:
        for said in (row.what, row.purpose, row.basis, row.retention, *row.recipients):
            assert said in text
    if voice == "de-du":
        assert "deines Kundenkontos" in text
        assert not re.search(r"\b(Ihnen|Ihre[nmrs]?)\b", text)
    assert f'href="{widgets.MINE}"' in text
    assert f'href="{widgets.PANEL}"' in text


async def test_the_policy_links_lead_to_pages_that_the_trust_widget_has() -> None:
    paths = {f"/apps/dankbar/widgets/trust/{page.path}" for page in widgets.ALL["trust"].pages}
    assert paths == {widgets.PANEL, widgets.MINE}


async def test_the_record_lists_every_activity_and_what_is_to_be_added(stage: Stage) -> None:
    for locale, heading in (
        ("de", "Verzeichnis der Verarbeitungstätigkeiten"),
        ("en", "Record of processing"),
    ):
        text = unescape((await stage.part(f"{PATH}/record", locale=locale)).text)
        assert heading in text
        for row in declared(frozenset(), locale, "sie"):
            assert row.what in text
            assert row.purpose in text
        assert "[" in text
        assert not re.search(r'(src|href)="', text)


async def test_a_widget_that_was_never_on_is_in_no_paper(stage: Stage) -> None:
    await stage.db.write(
        lambda conn: widgets.change_settings(
            conn, stage.shop.id, "loyalty", {"enabled": False}, datetime.now(UTC)
        )
    )
    text = unescape((await stage.part(f"{PATH}/policy/en")).text)
    assert "Rewards: what was bought with points" not in text
    assert (await stage.part(f"{PATH}/policy/fr")).status_code == 404
