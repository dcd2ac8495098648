"""A report: what a widget tells the merchant in figures and one table, on a page and as a file for a spreadsheet."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic

from sqlalchemy import Connection

from plugin.core.money import exponent, major
from plugin.language import Language
from plugin.settings import S, ShopSettings, Versions


@dataclass(frozen=True, slots=True)
class Reading(Generic[S]):
    """Whose report is read, when, and in which language; ``settings`` are the widget's own, ``versions`` all there were."""

    shop_id: int
    settings: S
    versions: Versions
    shop: ShopSettings
    language: Language
    now: datetime


@dataclass(frozen=True, slots=True)
class Column:
    """A column's title; ``figure``: its cells are numbers. ``unit`` stands in the file alone, where cells carry none."""

    title: str
    figure: bool = True
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a person reads, and what the file holds: a number without grouping or sign of a unit, or a plain text.

    ``link`` is where the page's cell leads, such as ``shopify:admin/orders/1``.
    """

    text: str
    value: int | Decimal | str
    link: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure that stands above the table: its title, what it is, and in a sentence how it is meant."""

    title: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a plot in percent: how far across and upwards, and between what bounds the true height lies."""

    across: float
    upwards: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Plot:
    """What was said against what came true: points beside the line on which both agree.

    ``label`` says in words what is seen; the table says it in numbers. Both axes go from ``least`` percent to 100.
    """

    label: str
    across: str
    upwards: str
    points: tuple[Point, ...]
    least: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a report says now, in finished words. Each row has one cell for each column, ``total`` too where there is one.

    ``empty`` is said in place of the table while it has no rows; ``notes`` stand below. Without ``columns`` there is
    neither table nor file. ``plot`` stands above the table.
    """

    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    total: tuple[Cell, ...] = ()
    facts: tuple[Fact, ...] = ()
    notes: tuple[str, ...] = ()
    empty: str = ""
    plot: Plot | None = None


@dataclass(frozen=True, slots=True)
class Report(Generic[S]):
    """A widget's report; ``name`` is its part of the address, ``title`` is translated where it is shown.

    ``read`` reads only, in a few statements however many rows there are. Where rows name single orders
    (``names_orders``), that it was read is written down.
    """

    name: str
    title: str
    read: Callable[[Connection, Reading[S]], Sheet]
    names_orders: bool = False


def words(text: str, value: str | None = None) -> Cell:
    """Return a cell of words; ``value`` where the file says it otherwise, such as a month that sorts."""
    return Cell(text, text if value is None else value)


def number(language: Language, value: int | Decimal) -> Cell:
    """Return a cell with a number."""
    return Cell(language.number(value), value)


def money(language: Language, minor: int, currency: str) -> Cell:
    """Return a cell with an amount in minor units; the file holds whole units with the currency's decimal places."""
    return Cell(
        language.money(minor, currency),
        major(minor, currency).quantize(Decimal(1).scaleb(-exponent(currency))),
    )
