"""A widget's reports: on a page of their own, linked where they are looked for, and as files that spreadsheets open."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

import widgets
from plugin.settings import ShopSettings
from tests.integration.admin.stage import PART, Stage
from widgets import Reading, Report, Sheet
from widgets.reports import Column, Fact, Plot, Point, money, number, words

PAGE = "/admin/widgets/coupon/reports"
FILE = f"{PAGE}/sums"

Read = Callable[[Connection, Reading[Any]], Sheet]
Show = Callable[[Read], None]


def sheet(conn: Connection, reading: Reading[Any]) -> Sheet:
    """Two rows with every kind of cell, and their sum."""
    language, currency = reading.language, reading.shop.currency
    return Sheet(
        columns=(Column("Month", figure=False), Column("Pieces"), Column("Revenue", unit=currency)),
        rows=(
            (words("=November", "=11"), number(language, 1200), money(language, 123450, currency)),
            (words("October", "10"), number(language, 3), money(language, 5, currency)),
        ),
        total=(words("All"), number(language, 1203), money(language, 123455, currency)),
        facts=(Fact("At risk", "12", "Of 1,203."),),
        notes=("Counted by the shop's clock.",),
        empty="Nothing yet.",
    )


def nothing(conn: Connection, reading: Reading[Any]) -> Sheet:
    return replace(sheet(conn, reading), rows=(), total=(), facts=())


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """Give the coupon a report of that kind, and no other."""

    def made(read: Read) -> None:
        changed = replace(widgets.ALL["coupon"], reports=(Report("sums", "Sums", read),))
        monkeypatch.setattr(widgets, "ALL", {**widgets.ALL, "coupon": changed})

    return made


async def test_the_page_shows_figures_table_sum_and_notes(stage: Stage, show: Show) -> None:
    show(sheet)
    text = (await stage.part(PAGE, locale="en")).text
    parts = (
        "Sums",
        "At risk",
        "Of 1,203.",
        ">Month<",
        "=November",
        ">1,200<",
        "€1,234.50",
        "October",
        ">1,203<",
    )
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "Counted by the shop&#39;s clock." in text
    assert "Nothing yet." not in text
    assert FILE in text


async def test_a_report_without_rows_says_so_and_offers_no_file(stage: Stage, show: Show) -> None:
    show(nothing)
    text = (await stage.part(PAGE, locale="en")).text
    assert "Nothing yet." in text
    assert "s-table" not in text
    assert "data-download" not in text


@pytest.mark.parametrize(
    ("locale", "lines"),
    [
        ("en", ["Month,Pieces,Revenue (EUR)", "'=11,1200,1234.50", "10,3,0.05", "All,1203,1234.55"]),
        ("de", ["Month;Pieces;Revenue (EUR)", "'=11;1200;1234,50", "10;3;0,05", "All;1203;1234,55"]),
    ],
)
async def test_the_file_holds_plain_values_by_the_customs_of_the_language(
    stage: Stage, show: Show, locale: str, lines: list[str]
) -> None:
    show(sheet)
    found = await stage.part(FILE, locale=locale)
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.headers["content-disposition"].startswith('attachment; filename="example-coupon-sums-')
    assert found.content.startswith(b"\xef\xbb\xbf")
    assert found.content.decode("utf-8-sig").splitlines() == lines


@pytest.mark.parametrize(("currency", "written"), [("JPY", "123450"), ("KWD", "123.450"), ("EUR", "1234.50")])
async def test_money_in_the_file_has_the_decimal_places_of_its_currency(
    stage: Stage, show: Show, currency: str, written: str
) -> None:
    await stage.db.write(
        lambda conn: widgets.change_settings(
            conn, stage.shop.id, ShopSettings.section, {"currency": currency}, datetime.now(UTC)
        )
    )
    show(sheet)
    lines = (await stage.part(FILE, locale="en")).content.decode("utf-8-sig").splitlines()
    assert lines[0].endswith(f"({currency})")
    assert lines[1].split(",")[-1] == written


async def test_home_and_the_widgets_page_lead_to_its_reports(stage: Stage, show: Show) -> None:
    show(sheet)
    for path in ("/", "/admin/widgets/coupon"):
        text = (await stage.part(path, locale="de")).text
        assert PAGE in text
        assert "Gutschein in Zahlen" in text
    assert "/admin/widgets/trust/reports" not in (await stage.part("/", locale="de")).text


async def test_what_has_no_reports_has_no_such_page(stage: Stage, show: Show) -> None:
    show(sheet)
    for path in (f"{PAGE}/other", "/admin/widgets/trust/reports", "/admin/widgets/nothing/reports/sums"):
        assert (await stage.part(path)).status_code == 404


async def test_reports_are_a_proved_merchants_alone(stage: Stage, show: Show) -> None:
    show(sheet)
    for path in (PAGE, FILE):
        asked = await stage.client.get(path, params={"shop": stage.shop.domain}, headers=PART)
        assert asked.status_code == 401


async def test_a_cell_leads_on_and_a_plot_is_drawn_with_words_for_it(stage: Stage, show: Show) -> None:
    def plotted(conn: Connection, reading: Reading[Any]) -> Sheet:
        cell = replace(words("4711"), link="shopify:admin/orders/4711")
        found = sheet(conn, reading)
        points = (Point(90, 92.5, 85, 97.5), Point(70, 50, 50, 60))
        plot = Plot("stated 90 %, kept <92 %", "stated", "kept", points, least=50)
        return replace(found, rows=((cell, *found.rows[0][1:]),), plot=plot)

    show(plotted)
    text = (await stage.part(PAGE, locale="en")).text
    assert '<s-link href="shopify:admin/orders/4711">4711</s-link>' in text
    assert 'role="img" aria-label="stated 90 %, kept &lt;92 %"' in text
    assert text.count("<circle") == 2
    assert '<circle cx="240.0" cy="45.0" r="5"/>' in text
    assert 'd="M120.0 300.0V240.0"' in text
    show(nothing)
    assert "<svg viewBox" not in (await stage.part(PAGE, locale="en")).text


async def test_a_file_holds_no_link(stage: Stage, show: Show) -> None:
    def linked(conn: Connection, reading: Reading[Any]) -> Sheet:
        found = sheet(conn, reading)
        return replace(
            found, rows=((replace(words("4711"), link="shopify:admin/orders/1"), *found.rows[0][1:]),)
        )

    show(linked)
    assert "shopify:" not in (await stage.part(FILE, locale="en")).text
