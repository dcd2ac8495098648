"""Previews: widgets rehearse on a throw-away database, by their own effects, views and templates.

What a merchant sees beside a form is what a shopper would read with those settings. Nothing of the shop's own data is
read, and nothing is written outside the memory of one call.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, insert
from sqlalchemy.pool import NullPool, StaticPool

from plugin import schema
from plugin import settings as setting_rows
from plugin.core import order_book
from plugin.core.order_book import OrderChange
from plugin.core.orders import Arrival, Line, OrderFacts, Snapshot
from plugin.settings import Section, ShopSettings
from plugin.settings_cache import Displayed
from plugin.shops import Shop
from plugin.shops import shop as shop_table
from widgets.base import OrderRef, Surface, Widget
from widgets.effects import derive
from widgets.fragment import fragment
from widgets.registry import ALL
from widgets.views import Asked, view_of

VOICES = (("de", "sie"), ("de", "du"), ("en", "sie"))
"""Every language and tone there is: a preview shows all of them."""

PLACES = (
    Surface.THANK_YOU,
    Surface.STOREFRONT,
    Surface.PRODUCT,
    Surface.CART,
    Surface.ORDER_STATUS,
    Surface.ACCOUNT,
)
"""Where a widget is previewed: in the first two of these that it has."""

_ORDERS_PAGES = (Surface.THANK_YOU, Surface.ORDER_STATUS)
_CUSTOMER, _NEW, _OLD = 1, 2, 1
_SUBTOTAL = 4990
_LOCK = Lock()


@dataclass(frozen=True, slots=True)
class Scene:
    """A fragment on one kind of page, as it is read in one language and tone; ``html`` is None where nothing shows."""

    widget: str
    surface: Surface
    tag: str
    tone: str
    html: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """All scenes, and by setting (of the widgets named) the sentence that a shopper reads because of it."""

    scenes: tuple[Scene, ...]
    says: Mapping[str, str]


def preview(
    shop: Shop,
    settings: ShopSettings,
    sections: Mapping[str, Section],
    names: Sequence[str],
    locale: str,
    now: datetime,
) -> Preview:
    """Return what shoppers would read of these widgets; it takes milliseconds and belongs into a thread.

    There are two paid orders, a large one of forty days ago and one of now, above every amount in the settings.
    """
    since = now - timedelta(days=90)
    timeless = settings.model_copy(update={"active_from": since.isoformat(), "count_test_orders": False})
    shown = Displayed(shop, timeless, {**sections, ShopSettings.section: timeless})
    with _stage().connect() as conn, conn.begin():
        _furnish(conn, shown, since)
        order = _order(conn, shown, now)
        asked = Asked(shown, locale, PLACES[0], now, prefix="/apps/dankbar")
        scenes = [scene for name in names for scene in _scenes(conn, ALL[name], asked, order)]
        says = {key: text for name in names for key, text in _says(conn, ALL[name], asked, order)}
    return Preview(tuple(scenes), says)


def _furnish(conn: Connection, shown: Displayed, since: datetime) -> None:
    row = {
        "id": shown.shop.id,
        "handle": shown.shop.handle,
        "installed_at": since,
        "exchanged_at": since,
        "pseudonym_key": b"",
    }
    conn.execute(insert(shop_table), [row])
    setting_rows.establish(conn, shown.shop.id, shown.sections.values(), since)


def _order(conn: Connection, shown: Displayed, now: datetime) -> OrderRef:
    made: list[OrderChange] = []
    for order_id, at, times in ((_OLD, now - timedelta(days=40), 6), (_NEW, now, 1)):
        facts = _facts(order_id, at, shown, times)
        made = order_book.absorb(conn, [Arrival(shown.shop.id, order_id, Snapshot(facts))], at)
        derive(conn, made, at)
    for widget in ALL.values():
        if widget.rehearse is not None:
            widget.rehearse(conn, shown.shop.id, now)
    newest = made[0]
    return OrderRef(newest.ref, newest.order_id, newest.state, newest.first_at)


def _facts(order_id: int, at: datetime, shown: Displayed, times: int) -> OrderFacts:
    subtotal = times * max([_SUBTOTAL, *(2 * amount for amount in _amounts(shown.sections.values()))])
    line = Line(1, 1, 1, 1, gift_card=False, ships=True, price=subtotal)
    return OrderFacts(
        id=order_id,
        updated_at=at,
        created_at=at,
        processed_at=at,
        cancelled_at=None,
        test=False,
        currency=shown.settings.currency,
        taxes_included=True,
        status="paid",
        outstanding=0,
        subtotal=subtotal,
        tax=subtotal * 19 // 119,
        source="web",
        locale=None,
        customer_id=_CUSTOMER,
        lines=(line,),
        country="DE",
    )


def _amounts(sections: Iterable[Section]) -> Iterator[int]:
    """All amounts of money among the settings."""
    for section in sections:
        for name, info in type(section).model_fields.items():
            extra = info.json_schema_extra
            if isinstance(extra, dict) and extra.get("unit") == "money":
                yield int(getattr(section, name))


def _scenes(conn: Connection, widget: Widget[Any], asked: Asked, order: OrderRef) -> Iterator[Scene]:
    for surface in [place for place in PLACES if place in widget.surfaces][:2]:
        for tag, tone in VOICES:
            spoken = _spoken(_at(asked, surface, order), tag, tone)
            ctx, view = view_of(conn, widget, spoken)
            html = fragment(widget, ctx, view) if view is not None and _is_shown(view) else None
            yield Scene(widget.name, surface, tag, tone, html)


def _says(conn: Connection, widget: Widget[Any], asked: Asked, order: OrderRef) -> Iterator[tuple[str, str]]:
    """The sentences are in the merchant's own language, and say to shoppers what the shop's tone says."""
    for surface in [place for place in PLACES if place in widget.surfaces]:
        _, view = view_of(conn, widget, _at(asked, surface, order))
        if view is not None:
            texts = {name: getattr(view, part, None) for name, part in widget.says.items()}
            yield from ((name, str(text)) for name, text in texts.items() if text)
            return


def _at(asked: Asked, surface: Surface, order: OrderRef) -> Asked:
    if surface in _ORDERS_PAGES:
        return replace(asked, surface=surface, order=order)
    return replace(asked, surface=surface, customer_id=_CUSTOMER)


def _spoken(asked: Asked, tag: str, tone: str) -> Asked:
    settings = asked.shown.settings.model_copy(update={"tone": tone})
    return replace(asked, locale=tag, shown=replace(asked.shown, settings=settings))


def _is_shown(view: object) -> bool:
    return bool(getattr(view, "shown", True))


@cache
def _stage() -> Engine:
    """An engine whose every connection is an empty database of its own, in memory."""
    template = sqlite3.connect(":memory:", check_same_thread=False)
    schema.load().create_all(create_engine("sqlite://", creator=lambda: template, poolclass=StaticPool))

    def copy() -> sqlite3.Connection:
        made = sqlite3.connect(":memory:", check_same_thread=False)
        with _LOCK:
            template.backup(made)
        return made

    return create_engine("sqlite://", creator=copy, poolclass=NullPool)
