"""The contract of every widget: whoever adds a fifth one finds here what it owes."""

import dataclasses
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Table, select

import widgets
from plugin import schema, settings
from plugin.core import order_book
from plugin.core.orders import Line, Refund, RefundLine
from plugin.errors import Invalid
from plugin.language import language
from plugin.settings import ShopSettings
from plugin.settings_cache import Displayed
from tests.integration.widgets.stage import CHECKOUT, CUSTOMER, ORDER, Stage, facts
from tests.integration.widgets.test_storefront import Roots
from tests.unit.widgets.test_catalogues import FAMILIAR, POLITE
from widgets import ALL, Reading, Sheet, Subject, Surface, Widget
from widgets.base import OrderRef
from widgets.fragment import fragment
from widgets.views import Asked, to_json, view_of

every_widget = pytest.mark.parametrize("name", list(ALL))

PERSONAL = re.compile(
    r"(^|_)(customer_id|order_id|codes?|tokens?|token_hash|email|phone|name|address|zip|city|province|locale|ip|"
    r"tracking_(number|url))$"
)
"""Names under which a column holds something of a person, in a table that belongs to their order or account."""

PEOPLE = {"order.id", "account.id"}


def told(stage: Stage, number: int = 0, **changes: Any) -> Any:
    """One of this customer's orders, an hour apart from the next."""
    return facts(stage.now - timedelta(hours=number), ORDER + number, **changes)


async def bought(stage: Stage) -> None:
    """A customer with a history: kept, pending, refunded in part, cancelled, and a guest's order."""
    back = Refund(77, stage.now, (RefundLine(1, 1, 1000, 160),))
    line = Line(1, 2, 2, 2, gift_card=False, ships=True, price=2495)
    await stage.tell(told(stage, 0))
    await stage.tell(told(stage, 1, status="pending"))
    await stage.tell(told(stage, 2, status="partially_refunded", lines=(line,), refunds=(back,)))
    await stage.tell(told(stage, 3, cancelled_at=stage.now))
    await stage.tell(told(stage, 4, customer_id=None))


def tables_of(name: str) -> list[Table]:
    """The tables that belong to a widget, by their names."""
    return [
        table
        for table in schema.load().sorted_tables
        if table.name == name or table.name.startswith(f"{name}_")
    ]


def dump(conn: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything the database holds."""
    return {
        table.name: sorted((tuple(row) for row in conn.execute(select(table))), key=repr)
        for table in schema.load().sorted_tables
    }


def displayed(stage: Stage, conn: Connection, tone: str) -> Displayed:
    """The shop as it is shown, in that tone."""
    found = settings.versions(conn, [stage.shop.id], widgets.SECTIONS.values())
    sections = {name: found.current(stage.shop.id, model).value for name, model in widgets.SECTIONS.items()}
    shop = found.current(stage.shop.id, ShopSettings).value.model_copy(update={"tone": tone})
    return Displayed(stage.shop, shop, sections)


def requests(
    stage: Stage, conn: Connection, widget: Widget[Any], locale: str | None, tone: str
) -> Iterator[Asked]:
    """Every way to ask a widget: each surface, anonymous and known, each of the orders where there is one."""
    shown = displayed(stage, conn, tone)
    refs = [
        conn.execute(select(order_book.order.c.id).where(order_book.order.c.order_id == ORDER + n))
        for n in range(5)
    ]
    orders = {change.ref: change for change in order_book.load(conn, [one.scalar_one() for one in refs])}
    for surface in sorted(widget.surfaces):
        asked = Asked(shown, locale, surface, stage.now, prefix="/apps/dankbar", action_token="0" * 64)
        if surface in {Surface.THANK_YOU, Surface.ORDER_STATUS}:
            for change in orders.values():
                about = OrderRef(change.ref, change.order_id, change.state, change.first_at)
                yield asked.about(about, None)
                yield asked.about(about, change.state.customer_id)
        else:
            yield asked
            yield dataclasses.replace(asked, customer_id=CUSTOMER)
            yield dataclasses.replace(asked, customer_id=CUSTOMER + 1)


def asked_in(
    stage: Stage, conn: Connection, widget: Widget[Any], locale: str | None, tone: str
) -> list[tuple[Any, Any]]:
    """All contexts and views of a widget in one language and tone."""
    answers = [view_of(conn, widget, asked) for asked in requests(stage, conn, widget, locale, tone)]
    return [(ctx, view) for ctx, view in answers if view is not None]


def is_frozen(view: Any) -> bool:
    """Whether the value is a dataclass that nobody can change."""
    params: Any = getattr(type(view), "__dataclass_params__", None)
    return bool(params and params.frozen)


@every_widget
@pytest.mark.parametrize("locale", ["de", "de-AT", "en", "fr"])
@pytest.mark.parametrize("tone", ["sie", "du"])
async def test_every_view_is_a_frozen_value_json_and_one_fragment(
    stage: Stage, name: str, locale: str, tone: str
) -> None:
    await bought(stage)
    widget = ALL[name]
    answers = await stage.db.read(lambda conn: asked_in(stage, conn, widget, locale, tone))
    assert answers
    for ctx, view in answers:
        assert is_frozen(view)
        plain = msgspec.json.decode(to_json(view))
        assert isinstance(plain["text"], str)
        assert plain["text"].strip()
        html = fragment(widget, ctx, view)
        [(tag, attributes)] = Roots(html).found
        assert (tag, attributes["id"], attributes["data-dankbar"]) == ("section", f"dankbar-{name}", name)
        assert attributes["lang"] == ("de" if locale.startswith("de") else "en")
        assert "://" not in re.sub(r"https://example\.myshopify\.com", "", html), (
            "a fragment asks nobody else"
        )


@every_widget
async def test_each_tone_is_heard_alone(stage: Stage, name: str) -> None:
    await bought(stage)
    for tone, foreign in (("sie", FAMILIAR), ("du", POLITE)):
        answers = await stage.db.read(lambda conn, tone=tone: asked_in(stage, conn, ALL[name], "de", tone))  # type: ignore[misc]
        for _, view in answers:
            assert not foreign.search(to_json(view).decode())


@every_widget
async def test_a_view_reads_only(stage: Stage, name: str) -> None:
    await bought(stage)
    before = await stage.db.read(dump)
    await stage.db.write(lambda conn: asked_in(stage, conn, ALL[name], "de", "sie"))
    assert await stage.db.read(dump) == before


@every_widget
@pytest.mark.parametrize("locale", ["de", "en"])
async def test_a_report_is_whole_in_each_language_and_reads_only(
    stage: Stage, name: str, locale: str
) -> None:
    widget = ALL[name]

    def read(conn: Connection) -> list[Sheet]:
        found = settings.versions(conn, [stage.shop.id], widgets.SECTIONS.values())
        section = found.current(stage.shop.id, widget.settings).value
        shop = found.current(stage.shop.id, ShopSettings).value
        spoken = language(locale, "sie", folder=widget.locales)
        reading = Reading(stage.shop.id, section, found, shop, spoken, stage.now)
        return [report.read(conn, reading) for report in widget.reports]

    for fresh in await stage.db.read(read):
        assert fresh.rows or fresh.empty or fresh.facts, "a page that says nothing"
    await bought(stage)
    before = await stage.db.read(dump)
    for sheet in await stage.db.write(read):
        rows = (*sheet.rows, sheet.total) if sheet.total else sheet.rows
        assert {len(row) for row in rows} <= {len(sheet.columns)}
        assert all(column.title for column in sheet.columns)
        assert all(fact.title and fact.text for fact in sheet.facts)
    assert await stage.db.read(dump) == before


@every_widget
async def test_switched_off_it_still_shows_what_was_given(stage: Stage, name: str) -> None:
    await bought(stage)

    def given(conn: Connection) -> list[tuple[Surface, int | None]]:
        return [
            (ctx.surface, ctx.customer_id)
            for ctx, _ in asked_in(stage, conn, ALL[name], "de", "sie")
            if ctx.customer_id == CUSTOMER
            and (ctx.order.order_id == ORDER if ctx.order else ctx.surface == "account")
        ]

    before = await stage.db.read(given)
    await stage.change(name, enabled="false")
    after = await stage.db.read(given)
    assert after == before or not (ALL[name].effects or after), "what was given with no order may go"


@every_widget
async def test_settings_begin_with_defaults_and_refuse_what_they_do_not_know(stage: Stage, name: str) -> None:
    model = ALL[name].settings
    stored = await stage.db.read(lambda conn: settings.current(conn, stage.shop.id, model))
    assert stored == model()
    assert stored.model_dump()["enabled"] is True
    with pytest.raises(Invalid) as refused:
        await stage.change(name, unheard_of="1")
    assert refused.value.fields == {"unheard_of": "There is no such setting."}
    assert all(field.title and field.description for field in model.model_fields.values())


@every_widget
async def test_effects_done_twice_change_nothing(stage: Stage, name: str) -> None:
    await bought(stage)
    effect = ALL[name].effects.get("orders")
    if effect is None:
        return
    before = await stage.db.read(dump)

    def again(conn: Connection) -> None:
        refs = list(conn.execute(select(order_book.order.c.id)).scalars())
        effect(conn, order_book.load(conn, refs), stage.now)

    await stage.db.write(again)
    assert await stage.db.read(dump) == before


@every_widget
async def test_the_same_orders_told_again_change_nothing(stage: Stage, name: str) -> None:
    await bought(stage)
    before = await stage.db.read(dump)
    await bought(stage)
    after = await stage.db.read(dump)
    for table in tables_of(name):
        assert after[table.name] == before[table.name]


@every_widget
def test_every_personal_column_is_declared(name: str) -> None:
    tables = {table.name: table for table in schema.load().sorted_tables}
    declared = {column for processing in ALL[name].processing for column in processing.columns}
    for column in declared:
        table, _, field = column.partition(".")
        assert field in tables[table].c, column
    personal = {
        f"{table.name}.{column.name}"
        for table in tables_of(name)
        if PEOPLE & {key.target_fullname for key in table.foreign_keys}
        for column in table.c
        if PERSONAL.search(column.name) and not column.foreign_keys
    }
    assert personal <= declared


@every_widget
async def test_erasing_leaves_no_trace(stage: Stage, name: str) -> None:
    await bought(stage)
    widget = ALL[name]

    def erase(conn: Connection) -> dict[str, set[Any]]:
        orders = list(conn.execute(select(order_book.order.c.id)).scalars())
        subject = Subject(stage.shop.id, (CUSTOMER,), tuple(orders))
        held = _held(conn, widget)
        for processing in widget.processing:
            if processing.export is not None:
                to_json([dict(record) for record in processing.export(conn, subject)])
            if processing.erase is not None:
                processing.erase(conn, subject, stage.now)
        return held

    before = await stage.db.write(erase)
    after = await stage.db.read(lambda conn: _held(conn, widget))
    for column, values in before.items():
        assert not values & after[column], column
    own = {table.name for table in tables_of(name)}
    cells = await stage.db.read(
        lambda conn: [
            str(cell) for table, rows in dump(conn).items() if table in own for row in rows for cell in row
        ]
    )
    for identifying in (str(CUSTOMER), CHECKOUT, *(str(ORDER + n) for n in range(5))):
        assert not [cell for cell in cells if identifying in cell]


def _held(conn: Connection, widget: Widget[Any]) -> dict[str, set[Any]]:
    """What stands in the columns that a widget declares as personal and keeps in tables of its own."""
    tables = {table.name: table for table in tables_of(widget.name)}
    found: dict[str, set[Any]] = {}
    for declared in {column for processing in widget.processing for column in processing.columns}:
        name, _, field = declared.partition(".")
        if name in tables:
            column = tables[name].c[field]
            found[declared] = set(conn.execute(select(column).where(column.is_not(None))).scalars())
    return found
