"""A widget whose settings hold every kind of input there is; it stands among the others while a test asks for it."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self

import pytest
from jinja2 import FileSystemLoader
from pydantic import Field, model_validator
from sqlalchemy import Connection

import widgets
from plugin.language import Language
from plugin.setting_errors import WrongField
from plugin.settings import Item, Section, ShopSettings
from widgets import Context, Surface, Widget, fragment

MONEY: dict[str, Any] = {"unit": "money"}


class Offer(Item):
    """One entry with all kinds of fields."""

    id: str = Field(min_length=1, max_length=40, pattern=r"[a-z0-9-]+")
    title: str = Field(min_length=1, max_length=60, title="Name", description="As shoppers read it.")
    cost: int = Field(ge=1, le=100_000, title="Cost")
    kind: Literal["amount", "percentage", "gift", "shipping"] = Field(
        "amount",
        title="What it is",
        json_schema_extra={"labels": {"amount": "An amount", "percentage": "A share", "gift": "A gift"}},
    )
    value: int | str = Field(
        0,
        title="Worth",
        json_schema_extra={
            "by": "kind",
            "units": {"amount": "money", "percentage": "percent", "gift": "text"},
        },
    )
    least: int | None = Field(None, ge=0, title="From an order of", json_schema_extra=MONEY)
    factor: Decimal = Field(Decimal(1), ge=0, le=10, decimal_places=2, title="Times")
    since: date | None = Field(None, title="From")
    until: date | None = Field(None, title="Until")
    countries: tuple[str, ...] = Field((), title="Countries")
    limit: int | None = Field(None, ge=1, title="At most")
    shown: bool = Field(default=True, title="Shown")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.since and self.until and self.until < self.since:
            raise WrongField("until", "Ends before it begins.")
        return self


class StallSettings(Section):
    """All kinds of settings."""

    section = "stall"

    enabled: bool = Field(default=True, title="On")
    kind: Literal["percentage", "amount"] = Field("percentage", title="Takes off")
    value: int = Field(
        10,
        ge=1,
        title="Worth",
        json_schema_extra={"by": "kind", "units": {"amount": "money", "percentage": "percent"}},
    )
    rate: Decimal = Field(default=Decimal("1.5"), ge=0, le=1000, decimal_places=3, title="Rate")
    least: int = Field(default=1250, ge=0, le=100_000, title="From", json_schema_extra=MONEY)
    opens: time = Field(time(14), title="Opens")
    since: date | None = Field(None, title="Since")
    days: tuple[int, int] = Field((1, 2), title="Days", description="To pack.")
    note: str | None = Field(None, title="Note")
    tags: tuple[str, ...] = Field((), title="Tags")
    offers: tuple[Offer, ...] = Field((), max_length=50, title="Offers", description="What there is.")
    closed: tuple[date, ...] = Field((), title="Closed on")

    @model_validator(mode="after")
    def _unlike(self) -> Self:
        ids = [offer.id for offer in self.offers]
        if len(ids) != len(set(ids)):
            raise WrongField("offers", "Two offers have the same id.")
        if self.days[0] > self.days[1]:
            raise WrongField("days", "The first is the smaller one.")
        return self


@dataclass(frozen=True, slots=True)
class StallView:
    """What is for sale, in one sentence."""

    text: str


def view(conn: Connection, ctx: Context, settings: StallSettings) -> StallView:
    """Return what a shopper reads."""
    return StallView(", ".join(offer.title for offer in settings.offers) or "Nothing.")


def notes(
    settings: StallSettings, shop: ShopSettings, language: Language, now: datetime
) -> Mapping[str, str]:
    """Return a sentence for each offer."""
    return {"rate": f"= {settings.rate} a unit"} | {
        f"offers[{number}].cost": f"= {language.number(offer.cost)} for {offer.title}"
        for number, offer in enumerate(settings.offers)
    }


widget = Widget(
    name="stall",
    title="Stall",
    surfaces=frozenset({Surface.STOREFRONT}),
    settings=StallSettings,
    view=view,
    says={"enabled": "text"},
    notes=notes,
)
widget.__dict__["folder"] = Path(__file__).parent


def put_up(patch: pytest.MonkeyPatch) -> None:
    """Have the stall stand among the widgets, in whatever module names them, until the test ends."""
    every: Mapping[str, Widget[Any]] = MappingProxyType({**widgets.ALL, "stall": widget})
    sections = MappingProxyType({**widgets.SECTIONS, "stall": StallSettings})
    known = ((widgets.ALL, "ALL", every), (widgets.SECTIONS, "SECTIONS", sections))
    for module in [one for name, one in sys.modules.items() if name.split(".")[0] in {"widgets", "plugin"}]:
        for old, name, new in known:
            if getattr(module, name, None) is old:
                patch.setattr(module, name, new)
    loader: Any = fragment._environment().loader
    patch.setitem(loader.mapping, "stall", FileSystemLoader(Path(__file__).parent / "templates"))
