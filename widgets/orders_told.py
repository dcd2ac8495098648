"""What an order that was told says of its buyer, as an export hands it out: ids as text, amounts in minor units."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from plugin.core import order_codec
from plugin.core.order_book import order
from plugin.core.orders import OrderState
from plugin.core.parcels import Parcel
from plugin.database import among
from widgets.base import Subject

_ORDERS = (
    select(order.c.order_id, order.c.first_at, order.c.state)
    .where(among(order.c.id, "refs"), ~order.c.sealed)
    .order_by(order.c.order_id)
)


def orders(conn: Connection, subject: Subject) -> Iterator[Mapping[str, object]]:
    """Yield every order of the person that was not erased."""
    for row in conn.execute(_ORDERS, {"refs": list(subject.order_refs)}).all():
        yield {
            "order": str(row.order_id),
            "first_told_at": row.first_at,
            **_told(order_codec.decode(row.state)),
        }


def _told(state: OrderState) -> dict[str, Any]:
    refunds = [
        {
            "refund": str(found.id),
            "at": found.at,
            "lines": [
                {
                    "line": str(line.line_id),
                    "quantity": line.quantity,
                    "subtotal": line.subtotal,
                    "tax": line.tax,
                }
                for line in found.lines or ()
            ],
            "discrepancy": found.discrepancy,
        }
        for found in state.refunds
    ]
    told: dict[str, Any] = {
        "deleted": state.deleted,
        "refunds": refunds,
        "parcels": [_parcel(one) for one in state.parcels],
    }
    told["customer"] = None if state.customer_id is None else str(state.customer_id)
    told["checkout_token_hash"] = state.token.value if state.token else None
    if state.snapshot is None:
        return told
    facts = state.facts
    lines = [
        {
            "line": str(line.id),
            "product": None if line.product_id is None else str(line.product_id),
            "quantity": line.quantity,
            "kept": line.current,
            "price": line.price,
            "discounts": [amount for _, amount in line.allocations],
            "gift_card": line.gift_card,
        }
        for line in facts.lines
    ]
    return told | {
        "placed_at": facts.created_at,
        "processed_at": facts.processed_at,
        "updated_at": facts.updated_at,
        "cancelled_at": facts.cancelled_at,
        "test": facts.test,
        "payment": facts.status,
        "currency": facts.currency,
        "subtotal": facts.subtotal,
        "tax": facts.tax,
        "outstanding": facts.outstanding,
        "channel": facts.source,
        "language": facts.locale,
        "codes": list(facts.codes),
        "shipping": facts.shipping,
        "country": facts.country,
        "province": facts.province,
        "lines": lines,
    }


def _parcel(parcel: Parcel) -> dict[str, Any]:
    return {
        "parcel": str(parcel.id),
        "handed_over_at": parcel.created_at,
        "carrier": parcel.carrier,
        "tracking_number": parcel.number,
        "tracking_page": parcel.url,
        "state": parcel.status,
        "lines": [{"line": str(line), "quantity": pieces} for line, pieces in parcel.items or ()],
        "reports": [{"says": scan.status, "at": scan.at} for scan in parcel.scans],
        "first_told": {stage.status: stage.at for stage in parcel.stages},
    }
