"""Orders whose parcels are handed over, scanned and delivered: the webhooks that tell of it, as Shopify writes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from plugin.database import Database
from plugin.shops import Shop
from tests import engine
from tests.oracle.bodies import Piece, stamp
from tests.oracle.orders import Delivery
from tests.oracle.purchase import Purchase
from widgets.delivery.settings import DeliverySettings, Lane

BIG = 2**53
GERMANY = DeliverySettings(
    lanes=(Lane(countries=("DE",), min=1, max=2, carrier="DHL"),), handling_days=(0, 1)
)
_ids = count(BIG + 1)


def at(text: str) -> datetime:
    """An instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@dataclass(slots=True)
class Sent:
    """One order and its parcels; what they tell is appended to ``told``, oldest first."""

    purchase: Purchase
    parcels: dict[int, dict[str, Any]] = field(default_factory=dict)
    parcel_webhooks: list[Delivery] = field(default_factory=list)

    @property
    def told(self) -> list[Delivery]:
        return [*self.purchase.deliveries, *self.parcel_webhooks]

    @property
    def id(self) -> int:
        return self.purchase.id

    def hand_over(
        self,
        when: str,
        pieces: Mapping[int, int] | None = None,
        *,
        number: str | None = "0034",
        **changes: Any,
    ) -> int:
        """A parcel leaves with pieces by line, or with all of them."""
        moment = at(when)
        inside = pieces or {n: piece.current for n, piece in enumerate(self.purchase.pieces) if piece.current}
        id = next(_ids)
        self.parcels[id] = {
            "id": id,
            "order_id": self.id,
            "status": "success",
            "created_at": stamp(moment),
            "updated_at": stamp(moment),
            "tracking_company": "DHL",
            "tracking_number": number,
            "tracking_url": number and f"https://dhl.example/{number}",
            "shipment_status": None,
            "line_items": [
                {"id": self.purchase.pieces[line].id, "quantity": quantity}
                for line, quantity in inside.items()
            ],
        } | changes
        self.parcel_webhooks.append(Delivery("fulfillments/create", dict(self.parcels[id])))
        return id

    def scan(self, parcel: int, when: str, status: str = "in_transit", *, known: str | None = None) -> None:
        """The carrier reports, and the parcel follows."""
        moment, noticed = at(when), at(known or when)
        report = {
            "id": next(_ids),
            "order_id": self.id,
            "fulfillment_id": parcel,
            "status": status,
            "happened_at": stamp(moment),
            "created_at": stamp(noticed),
        }
        self.parcel_webhooks.append(Delivery("fulfillment_events/create", report))
        self.update(parcel, known or when, shipment_status=status)

    def update(self, parcel: int, when: str, **changes: Any) -> None:
        """The parcel itself changes."""
        self.parcels[parcel] |= {"updated_at": stamp(at(when))} | changes
        self.parcel_webhooks.append(Delivery("fulfillments/update", dict(self.parcels[parcel])))

    def cancel(self, when: str) -> None:
        """The order is cancelled."""
        self.purchase.clock = at(when)
        self.purchase.cancel()

    def refund(self, when: str, pieces: Mapping[int, int]) -> None:
        """Pieces are given back."""
        self.purchase.clock = at(when)
        self.purchase.refund(next(_ids), pieces)


def bought(when: str, *pieces: Piece, **changes: Any) -> Sent:
    """A paid order of that instant, of one piece unless said otherwise."""
    made = Purchase(
        id=next(_ids), placed_at=at(when), pieces=list(pieces) or [Piece(next(_ids), 4990)], **changes
    )
    made.place(changes.get("status", "paid"))
    return Sent(made)


async def opened(
    db: Database, delivery: DeliverySettings = GERMANY, now: str = "2026-03-01T08:00", **changes: Any
) -> Shop:
    """A shop with these settings of delivery, in Berlin."""
    return await db.write(lambda conn: engine.install(conn, now=at(now), sections=[delivery], **changes))


async def tell(db: Database, shop: Shop, now: str, *told: Delivery) -> None:
    """Have the webhooks handled as one heap."""

    def work(conn: Any) -> None:
        for one in told:
            engine.store(conn, one.topic, one.body or {}, now=at(now), shop=shop.handle)
        batch = engine.handle_all(conn, at(now))
        assert (batch.parked, batch.failed) == (0, 0)

    await db.write(work)
