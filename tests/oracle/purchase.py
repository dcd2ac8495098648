"""One order lived through at Shopify: each thing that happens to it, and the bodies Shopify would send."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.oracle.bodies import (
    Json,
    Piece,
    Return,
    bag,
    deletion,
    discounts,
    line_item,
    money,
    refund,
    refund_event,
    stamp,
)
from tests.oracle.orders import Delivery


@dataclass(slots=True, kw_only=True)
class Purchase:
    """An order with its true state; what it tells the app is appended to `deliveries`, oldest first."""

    id: int
    placed_at: datetime
    pieces: list[Piece]
    currency: str = "EUR"
    zone: str = "Europe/Berlin"
    created_at: datetime | None = None
    customer: int | None = None
    token: str | None = None
    shipping: int = 490
    tax_percent: int = 19
    taxes_included: bool = True
    test: bool = False
    source_name: str = "web"
    code: str | None = None
    paid: int = 0
    given_back: int = 0
    discrepancy: int = 0
    status: str = "pending"
    cancelled_at: datetime | None = None
    clock: datetime = field(init=False)
    refunds: list[Json] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = self.created_at or self.placed_at

    # what holds now

    def subtotal(self) -> int:
        """The price of all current pieces after discounts, gift cards too."""
        return sum(piece.worth(piece.current) for piece in self.pieces)

    def tax_of(self, amount: int) -> int:
        """The tax in an amount, or on top of it."""
        return amount * self.tax_percent // (100 + self.tax_percent if self.taxes_included else 100)

    def tax(self) -> int:
        """The tax of all current pieces and of shipping; gift cards bear none."""
        taxed = sum(self.tax_of(piece.worth(piece.current)) for piece in self.pieces if not piece.gift)
        return taxed + self.tax_of(self.shipping)

    def total(self) -> int:
        """What the shopper owes for all that is still in the order."""
        return self.subtotal() + self.shipping + (0 if self.taxes_included else self.tax())

    def outstanding(self) -> int:
        """What is not yet paid."""
        return max(0, self.total() - (self.paid - self.given_back))

    def merchandise(self) -> int:
        """N as a shopkeeper would say it: kept goods at what they cost, less what was handed back as a favour."""
        goods = sum(piece.worth(piece.current) for piece in self.pieces if not piece.gift)
        return max(0, goods - self.discrepancy)

    def body(self) -> Json:
        """The order body of this moment."""
        codes, applications = discounts(self.code, self.pieces, self.currency)
        return {
            "id": self.id,
            "updated_at": stamp(self.clock, self.zone),
            "created_at": stamp(self.created_at or self.placed_at, self.zone),
            "processed_at": stamp(self.placed_at, self.zone),
            "cancelled_at": self.cancelled_at and stamp(self.cancelled_at, self.zone),
            "test": self.test,
            "currency": self.currency,
            "taxes_included": self.taxes_included,
            "financial_status": self.status,
            "total_outstanding": money(self.outstanding(), self.currency),
            "current_subtotal_price_set": bag(self.subtotal(), self.currency),
            "current_total_tax_set": bag(self.tax(), self.currency),
            "checkout_token": self.token,
            "source_name": self.source_name,
            "customer_locale": "de-DE",
            "customer": None if self.customer is None else {"id": self.customer},
            "discount_codes": codes,
            "discount_applications": applications,
            "line_items": [line_item(piece, self.currency) for piece in self.pieces],
            "refunds": list(self.refunds),
            "shipping_lines": [{"title": "DHL Paket"}],
            "shipping_address": {"country_code": "DE", "province_code": None},
        }

    def tell(self, *topics: str) -> None:
        """Sends the order as it is now under each topic."""
        self.deliveries.extend(Delivery(topic, self.body()) for topic in topics)

    def fetch(self, at: datetime | None = None) -> None:
        """The app asks the Admin API for the order; the read began at `at`, by default now."""
        self.deliveries.append(Delivery("orders/updated", self.body(), "api", at or self.clock))

    def wait(self, seconds: int) -> None:
        """Time passes; 0 leaves the next change inside the same second."""
        self.clock += timedelta(seconds=seconds)

    # what happens

    def place(self, status: str = "paid") -> None:
        """The order comes in: pending, authorized or paid at once."""
        self.status = status
        if status == "paid":
            self.paid = self.total()
        self.tell("orders/create", *(["orders/paid"] if status == "paid" else []))

    def pay(self) -> None:
        """Everything outstanding is paid."""
        self.paid += self.outstanding()
        self.settle()
        self.tell("orders/paid", "orders/updated")

    def pay_part(self, amount: int) -> None:
        """A part is paid, in minor units."""
        self.paid += min(amount, self.outstanding())
        self.settle()
        self.tell("orders/updated")

    def settle(self) -> None:
        """The financial status that follows from the sums."""
        if self.status in ("voided", "expired"):
            return
        if self.given_back:
            whole = self.given_back >= self.paid or self.total() == 0
            self.status = "refunded" if whole else "partially_refunded"
        elif self.paid:
            self.status = "partially_paid" if self.outstanding() else "paid"

    def add(self, piece: Piece) -> None:
        """The merchant edits a piece into the order."""
        self.pieces.append(piece)
        self.settle()
        self.tell("orders/updated")

    def remove(self, line: int, quantity: int) -> None:
        """The merchant edits pieces out of the order, without a refund."""
        piece = self.pieces[line]
        piece.current -= min(quantity, piece.current)
        self.settle()
        self.tell("orders/updated")

    def refund(
        self,
        number: int,
        taken: Mapping[int, int] | None = None,
        *,
        favour: int = 0,
        shipping: int = 0,
        withheld: int = 0,
        told: bool = True,
    ) -> None:
        """Gives back pieces by line, money as a favour, shipping; `withheld` is a smaller sum than the lines come to.

        Sends refunds/create, and the order after it unless `told` is false (then it comes later or never).
        """
        returns = []
        for line, quantity in (taken or {}).items():
            piece = self.pieces[line]
            after = piece.current - min(quantity, piece.current)
            before_value, after_value = piece.worth(piece.current), piece.worth(after)
            tax = 0 if piece.gift else self.tax_of(before_value) - self.tax_of(after_value)
            returns.append(Return(piece, piece.current - after, before_value - after_value, tax))
            piece.current = after
        shipping = min(shipping, self.shipping)
        self.shipping -= shipping
        self.discrepancy += favour
        self.given_back += sum(line.subtotal for line in returns) + favour + shipping - withheld
        sums = (
            ("refund_discrepancy", -favour),
            ("shipping_refund", -shipping),
            ("refund_discrepancy", withheld),
        )
        whole = refund(
            number,
            self.id,
            self.clock,
            self.currency,
            returns=[line for line in returns if line.quantity],
            adjustments=[(kind, amount) for kind, amount in sums if amount],
            zone=self.zone,
        )
        self.refunds.append(whole)
        self.settle()
        self.deliveries.append(Delivery("refunds/create", refund_event(whole)))
        if told:
            self.tell("orders/updated")

    def cancel(self) -> None:
        """The order is cancelled; an authorization is voided with it."""
        self.cancelled_at = self.clock
        if self.status == "authorized":
            self.status = "voided"
        self.tell("orders/cancelled", "orders/updated")

    def expire(self) -> None:
        """An authorization runs out."""
        self.status = "expired"
        self.tell("orders/updated")

    def belong_to(self, customer: int | None) -> None:
        """The order is attached to a customer, or a later body no longer names one."""
        self.customer = customer
        self.tell("orders/updated")

    def delete(self) -> None:
        """The order is deleted for good."""
        self.deliveries.append(Delivery("orders/delete", deletion(self.id)))
