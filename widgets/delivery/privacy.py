"""What the promise book says about a person: when something was promised to them, and how it travelled."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Connection, Table, delete, select

from plugin.core import privacy
from plugin.core.append_only import lifted
from plugin.core.order_book import order
from plugin.database import among
from plugin.language import sentence
from widgets.base import Processing, Subject
from widgets.delivery.tables import delivery_change, delivery_parcel, delivery_promise

PROMISED = (
    "made_at ordered_at lane country province taken_on after_cutoff weekday inputs ordinary hand_over_by earliest latest "
    "chance handed_over_on delivered_on tracked outcome decided_at awaited late_at told_at"
).split()
SAID = "at reason earliest latest chance".split()
TRAVELLED = (
    "number lane country province carrier taken_on after_cutoff weekday handed_over_at handed_over_on "
    "first_scan_at last_scan_at delivered_at delivered_on ended seen_at known_at tracked"
).split()

_BOOK: Mapping[str, tuple[Table, list[str]]] = {
    "promise": (delivery_promise, PROMISED),
    "later": (delivery_change, SAID),
    "parcel": (delivery_parcel, TRAVELLED),
}
_MINE = {
    name: select(order.c.order_id, *(table.c[column] for column in columns))
    .join(order, order.c.id == table.c.order_ref)
    .where(among(table.c.order_ref, "refs"))
    .order_by(*table.primary_key)
    for name, (table, columns) in _BOOK.items()
}
_FORGET = [delete(table).where(among(table.c.order_ref, "refs")) for table, _ in _BOOK.values()]


def export(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield what was promised for the person's orders, what was said later, and how each parcel travelled."""
    for portion in privacy.portions(subject.order_refs):
        for name, statement in _MINE.items():
            for row in conn.execute(statement, {"refs": portion}).mappings().all():
                told = {key: value for key, value in row.items() if key != "order_id"}
                number = None if row["order_id"] is None else str(row["order_id"])
                yield {name: {"order": number, **told}}


def erase(conn: Connection, subject: Subject, now: datetime) -> None:
    """Forget the person's promises, what was said of them, and their parcels."""
    if subject.order_refs:
        with lifted(conn, subject.shop_id):
            for portion in privacy.portions(subject.order_refs):
                for statement in _FORGET:
                    conn.execute(statement, {"refs": portion})


PROCESSING = (
    Processing(
        what=sentence(
            "When your order was promised to arrive, when its parcels were handed over and delivered, "
            "and the country and region they went to"
        ),
        purpose=sentence(
            "So that a delay is told to you first, and the next promises are made from what really happened."
        ),
        basis=sentence("Contract (Art. 6 (1) (b) GDPR)"),
        retention=sentence("Until your data is erased, or the shop removes the app."),
        recipients=(
            sentence("Shopify, which told us"),
            sentence("Shopify Flow, which tells you of a delay in the way the shop has chosen"),
        ),
        columns=tuple(f"{table.name}.{column}" for table, columns in _BOOK.values() for column in columns),
        export=export,
        erase=erase,
    ),
)
