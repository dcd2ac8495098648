"""What a merchant may tune: typed sections, stored for each shop as versions that are never changed.

A version begins when the form or command that made it commits, and ends where the next begins; the first one
reaches back for ever. What judges an order reads the version of the order's own time, inside its transaction;
``plugin.settings_cache`` serves display alone.
"""

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar, cast

from pydantic import ValidationError
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    bindparam,
    insert,
    select,
)

from plugin.database import Id, Upsert, Utc, among, lock_rows, metadata
from plugin.errors import NotSetUp
from plugin.setting_errors import Gettext, invalid
from plugin.setting_input import read_text
from plugin.setting_models import Item as Item
from plugin.setting_models import Section as Section
from plugin.shop_settings import ShopSettings as ShopSettings

setting = Table(
    "setting",
    metadata,
    Column("shop_id", Id, ForeignKey("shop.id"), primary_key=True),
    Column("section", String(32), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("valid_from", Utc, nullable=False),
    Column("value", Text, nullable=False),
)


S = TypeVar("S", bound=Section)


@dataclass(frozen=True, slots=True)
class Version(Generic[S]):
    """One version of a section; ``number`` counts from 1, 0 stands for defaults that were never stored."""

    number: int
    valid_from: datetime
    value: S


OnChange: TypeAlias = Callable[[Connection, int, Section, Section, datetime], None]
"""``(conn, shop_id, before, after, now)``: runs in the transaction of the change."""


class Versions:
    """All versions of some sections of some shops, as one query read them."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._starts: dict[tuple[int, str], list[datetime]] = {}
        self._rows: dict[tuple[int, str], list[Any]] = {}
        for row in rows:
            key = (row.shop_id, row.section)
            self._starts.setdefault(key, []).append(row.valid_from)
            self._rows.setdefault(key, []).append(row)

    def at(self, shop_id: int, model: type[S], instant: datetime) -> Version[S]:
        """Return the version in force at ``instant``; the first one reaches back for ever."""
        starts = self._starts.get((shop_id, model.section))
        if starts is None:
            return _unstored(model)
        index = max(0, bisect_right(starts, instant) - 1)
        return _version(model, self._rows[shop_id, model.section][index])

    def current(self, shop_id: int, model: type[S]) -> Version[S]:
        """Return the newest version."""
        rows = self._rows.get((shop_id, model.section))
        return _version(model, rows[-1]) if rows else _unstored(model)

    def every(self, shop_id: int, model: type[S]) -> list[Version[S]]:
        """Return all versions, the oldest first."""
        rows = self._rows.get((shop_id, model.section))
        return [_version(model, row) for row in rows] if rows else [_unstored(model)]

    def unchanged_since(self, shop_id: int, model: type[Section], field: str) -> datetime | None:
        """Return since when a field has had its present value; None where it never had another."""
        rows = self._rows.get((shop_id, model.section), [])
        for earlier, later in zip(reversed(rows[:-1]), reversed(rows), strict=False):
            if getattr(_parsed(model, earlier.value), field) != getattr(
                _parsed(model, rows[-1].value), field
            ):
                return cast("datetime", later.valid_from)
        return None

    def stored(self, shop_id: int, model: type[Section]) -> bool:
        """Tell whether the shop has this section, rather than its defaults."""
        return (shop_id, model.section) in self._rows


_READ = (
    select(setting)
    .where(
        among(setting.c.shop_id, "shops"),
        among(setting.c.section, "sections"),
    )
    .order_by(setting.c.shop_id, setting.c.section, setting.c.version)
)
_FIRST_LOCKED = (
    select(setting.c.version)
    .where(
        setting.c.shop_id == bindparam("shop"),
        setting.c.section == bindparam("section"),
        setting.c.version == 1,
    )
    .with_for_update()
)
_ADD = insert(setting)
_ADD_FIRST = Upsert(lambda make: make(setting).on_conflict_do_nothing())


def versions(conn: Connection, shop_ids: Iterable[int], models: Iterable[type[Section]]) -> Versions:
    """Read all versions of these sections for a set of shops in one query."""
    shops = sorted(set(shop_ids))
    if not shops:
        return Versions(())
    sections = [model.section for model in models]
    return Versions(conn.execute(_READ, {"shops": shops, "sections": sections}))


def current(conn: Connection, shop_id: int, model: type[S]) -> S:
    """Return the section as it is now."""
    return versions(conn, [shop_id], [model]).current(shop_id, model).value


def establish(conn: Connection, shop_id: int, sections: Iterable[Section], now: datetime) -> None:
    """Store each section as version 1 unless the shop has it already."""
    if rows := [_row(shop_id, 1, value, now) for value in sections]:
        conn.execute(_ADD_FIRST.on(conn), rows)


def change(
    conn: Connection,
    shop_id: int,
    model: type[S],
    patch: Mapping[str, object],
    now: datetime,
    *,
    hooks: Iterable[OnChange] = (),
    gettext: Gettext = str,
) -> Version[S] | None:
    """Store a new version with the fields of ``patch``, then run the hooks; None when nothing would differ.

    Strings are read by the type of their field: numbers, true and false, JSON for lists. Raises Invalid, which names
    the field, unless the whole section is valid; two changes at once follow one another.
    """
    before = _locked(conn, shop_id, model, now)
    after = validated(model, before.value, patch, gettext=gettext)
    if after == before.value:
        return None
    made = Version(before.number + 1, max(now, before.valid_from), after)
    conn.execute(_ADD, [_row(shop_id, made.number, after, made.valid_from)])
    for hook in hooks:
        hook(conn, shop_id, before.value, after, made.valid_from)
    return made


def validated(model: type[S], value: S, patch: Mapping[str, object], *, gettext: Gettext = str) -> S:
    """Return ``value`` with the fields of ``patch``, all valid together. Raises Invalid."""
    fields = {
        key: read_text(key, model.model_fields[key].annotation, given, gettext)
        if isinstance(given, str) and key in model.model_fields
        else given
        for key, given in patch.items()
    }
    try:
        return model.model_validate(value.model_dump() | fields)
    except ValidationError as error:
        raise invalid(error, gettext) from None


def _locked(conn: Connection, shop_id: int, model: type[S], now: datetime) -> Version[S]:
    if lock_rows(conn):
        conn.execute(_FIRST_LOCKED, {"shop": shop_id, "section": model.section})
    found = versions(conn, [shop_id], [model]).current(shop_id, model)
    if found.number:
        return found
    establish(conn, shop_id, [found.value], now)
    return Version(1, now, found.value)


def _row(shop_id: int, number: int, value: Section, valid_from: datetime) -> dict[str, object]:
    text = json.dumps(value.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))
    values = (shop_id, value.section, number, valid_from, text)
    return dict(zip(setting.c.keys(), values, strict=True))


def _version(model: type[S], row: Any) -> Version[S]:
    return Version(row.version, row.valid_from, cast("S", _parsed(model, row.value)))


def _unstored(model: type[S]) -> Version[S]:
    try:
        return Version(0, datetime.min.replace(tzinfo=UTC), model())
    except ValidationError:
        raise NotSetUp(f"The section {model.section} of this shop is not stored yet.") from None


@lru_cache(8192)
def _parsed(model: type[Section], text: str) -> Section:
    """A stored text never changes its meaning, so each is parsed once in a process; retired fields are passed over."""
    fields = json.loads(text)
    return model.model_validate({key: value for key, value in fields.items() if key in model.model_fields})
