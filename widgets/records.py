"""What is said of personal data, in words: each declared activity, and what is kept for it about one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Declared:
    """One activity with personal data, in the reader's language; ``recipients`` is empty when nobody receives it."""

    what: str
    purpose: str
    basis: str
    retention: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A label with its text, or with the parts that it is made of."""

    label: str
    text: str
    parts: tuple["Entry", ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """One activity, and what is kept for it about this person, record by record."""

    what: str
    purpose: str
    basis: str
    retention: str
    recipients: tuple[str, ...]
    records: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A whole record; ``nothing`` where no activity holds anything. Activities with something come first."""

    shop: str
    customers: tuple[str, ...]
    kept: tuple[Kept, ...]
    made_on: str

    @property
    def nothing(self) -> bool:
        """Tell whether nothing at all is kept."""
        return not any(one.records for one in self.kept)


class Inventory(Protocol):
    """The data inventory of one shop in one language, for the widget that shows it; reads only."""

    def rows(self, conn: Connection) -> tuple[Declared, ...]:
        """Return every activity there is in this shop: those of widgets that are on, or hold something still."""

    def export(self, conn: Connection, customer_id: int) -> Mapping[str, object]:
        """Return all that is kept about a customer, ready for JSON."""

    def record(self, conn: Connection, customer_id: int) -> Record:
        """Return the same in words."""
