"""What is kept about one person: handed out, or erased, through the declarations that the data panel shows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from plugin.core import privacy
from plugin.core.data_requests import Found, Request
from plugin.language import Language, sentence
from plugin.shops import Shop
from widgets.base import Seal, Subject
from widgets.processing import by_owner, everything, spoken
from widgets.registry import ALL

FOUND = {
    Found.DATA: sentence("There is data of this person; it can be handed over from here."),
    Found.NOTHING: sentence("Nothing is kept about this person."),
    Found.ONLY_EMAIL: sentence(
        "Shopify named this person by e-mail address alone. No e-mail addresses are kept here, so nothing was found."
    ),
    Found.ERASED: sentence("Nothing is kept any more."),
}
"""What a merchant reads beside a request for data."""


def subject(
    conn: Connection, shop_id: int, customer_id: int | None, order_ids: Iterable[int] = ()
) -> Subject:
    """Return the person: all ids merged with this one, their orders, and the listed ones."""
    person = privacy.find(conn, shop_id, customer_id, order_ids)
    return Subject(shop_id, person.customer_ids, tuple(sorted(person.orders)))


def export(conn: Connection, shop: Shop, customer_id: int, language: Language) -> dict[str, Any]:
    """Return all that is kept about a customer of the shop, ready for JSON: ids as text, amounts in minor units."""
    return export_of(conn, shop, subject(conn, shop.id, customer_id), language)


def export_request(conn: Connection, shop: Shop, request: Request, language: Language) -> dict[str, Any]:
    """Return all that is kept about whoever asked for their data: as a customer, and the orders they named."""
    person = subject(conn, shop.id, request.customer_id)
    refs = tuple(sorted({*person.order_refs, *request.order_refs}))
    return export_of(conn, shop, Subject(shop.id, person.customer_ids, refs), language)


def export_of(conn: Connection, shop: Shop, person: Subject, language: Language) -> dict[str, Any]:
    """Return the records of every processing, each with what it is and why it is kept, in the reader's language."""
    data = []
    for owner, processing in by_owner():
        if processing.export is None:
            continue
        text = spoken(language, owner).gettext
        data.append(
            {
                "what": text(processing.what),
                "purpose": text(processing.purpose),
                "basis": text(processing.basis),
                "retention": text(processing.retention),
                "recipients": [text(one) for one in processing.recipients],
                "records": [dict(record) for record in processing.export(conn, person)],
            }
        )
    found = {"shop": shop.domain, "customers": [str(id) for id in person.customer_ids], "data": data}
    plain: dict[str, Any] = msgspec.to_builtins(found)
    return plain


def recall(conn: Connection, person: Subject, seal: Seal, now: datetime) -> None:
    """Ask for the deletion of what was given to others about the person; called before ``erase``."""
    for widget in ALL.values():
        if widget.recall is not None:
            widget.recall(conn, person, seal, now)


def erase(conn: Connection, person: Subject, now: datetime) -> None:
    """Erase what every processing keeps about the person; ids that come back later are the caller's to refuse."""
    for processing in everything():
        if processing.erase is not None:
            processing.erase(conn, person, now)
