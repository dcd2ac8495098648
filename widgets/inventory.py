"""The data inventory of a shop: what the data panel shows, from the declarations that storage and erasure follow too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, exists, literal, or_, select

from plugin import schema
from plugin.core import privacy
from plugin.language import LOCALES, Language, Tag, language
from plugin.settings_cache import Displayed
from widgets.base import Widget
from widgets.personal import export
from widgets.processing import by_owner, spoken
from widgets.readable import readable
from widgets.records import Declared, Record
from widgets.registry import ALL


@dataclass(frozen=True, slots=True)
class ShopInventory:
    """``widgets.records.Inventory`` of one shop, in the language of whoever reads it."""

    shown: Displayed
    language: Language
    now: datetime

    def rows(self, conn: Connection) -> tuple[Declared, ...]:
        """Return every activity there is: a widget that is off and holds nothing of anybody has none."""
        off = [
            name
            for name, widget in ALL.items()
            if not getattr(self.shown.sections[name], "enabled", True)
            and not holds(conn, self.shown.shop.id, widget)
        ]
        return declared(frozenset(off), self.language.tag, "du" if self.language.informal else "sie")

    def export(self, conn: Connection, customer_id: int) -> Mapping[str, object]:
        """Return all that is kept about a customer, ready for JSON."""
        return export(conn, self.shown.shop, customer_id, self.language)

    def record(self, conn: Connection, customer_id: int) -> Record:
        """Return the same in words."""
        own, exported = self.shown.settings, export(conn, self.shown.shop, customer_id, self.language)
        return readable(exported, self.language, own.zone, own.currency, self.now)


@lru_cache(64)
def declared(off: frozenset[str], tag: Tag, tone: str) -> tuple[Declared, ...]:
    """Return every activity in that language and tone, without those of the widgets that are named."""
    reader = language(tag, tone, folder=LOCALES)
    found = []
    for owner, processing in by_owner():
        if owner is not None and owner.name in off:
            continue
        text = spoken(reader, owner).gettext
        found.append(
            Declared(
                what=text(processing.what),
                purpose=text(processing.purpose),
                basis=text(processing.basis),
                retention=text(processing.retention),
                recipients=tuple(text(one) for one in processing.recipients),
            )
        )
    return tuple(found)


def holds(conn: Connection, shop_id: int, widget: Widget[Any]) -> bool:
    """Tell whether the widget still keeps anything in this shop, whether or not it is switched on."""
    names = {column.partition(".")[0] for one in widget.processing for column in one.columns}
    tables = schema.load().tables
    owned = [privacy.owned_by(tables[name], shop_id) for name in sorted(names)]
    rows = [exists().where(condition) for condition in owned if condition is not None]
    if not rows:
        return False
    return conn.execute(select(literal(1)).where(or_(*rows))).first() is not None
