"""One widget's view for one request: its own settings, language and context put together, and the view as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from plugin.language import language
from plugin.settings import Section, ShopSettings
from plugin.settings_cache import Displayed
from widgets.base import Context, OrderRef, Surface, Widget
from widgets.inventory import ShopInventory
from widgets.registry import ALL

_ENCODER = msgspec.json.Encoder(decimal_format="string")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for views, proved; the widget adds its language and settings to it."""

    shown: Displayed
    locale: str | None
    surface: Surface
    now: datetime
    customer_id: int | None = None
    order: OrderRef | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    action_token: str | None = None
    key: bytes = field(default=b"", repr=False)

    def about(self, order: OrderRef, customer_id: int | None) -> "Asked":
        """Return the same request about a proved order, whose own locale comes last; a stranger may do nothing."""
        return replace(
            self,
            order=order,
            customer_id=customer_id,
            locale=self.locale or order.state.facts.locale,
            action_token=None if customer_id is None else self.action_token,
        )


def context(widget: Widget[Any], asked: Asked, settings: ShopSettings) -> Context:
    """Return what the widget's view or action is told."""
    spoken = language(asked.locale, settings.tone, folder=widget.locales)
    return Context(
        shop=asked.shown.shop,
        settings=settings,
        language=spoken,
        surface=asked.surface,
        now=asked.now,
        customer_id=asked.customer_id,
        order=asked.order,
        params=asked.params,
        prefix=asked.prefix,
        action_token=asked.action_token,
        key=asked.key,
        inventory=ShopInventory(asked.shown, spoken, asked.now),
    )


def view_of(conn: Connection, widget: Widget[Any], asked: Asked) -> tuple[Context, object | None]:
    """Return the widget's context and view, None where it has nothing to show or no place on this surface."""
    ctx = context(widget, asked, asked.shown.settings)
    if asked.surface not in widget.surfaces:
        return ctx, None
    settings: Section = asked.shown.sections[widget.name]
    return ctx, widget.view(conn, ctx, settings)


def views_of(conn: Connection, asked: Asked) -> dict[str, object]:
    """Return the views of all widgets that have something to show on this surface, by name."""
    found = {widget.name: view_of(conn, widget, asked)[1] for widget in ALL.values()}
    return {name: view for name, view in found.items() if view is not None}


def to_json(value: object) -> bytes:
    """Return frozen dataclasses as JSON: dates in ISO 8601, decimals as text."""
    return _ENCODER.encode(value)
