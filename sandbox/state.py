"""Everything the pocket Shopify remembers, in memory: shops and what belongs to each."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from sandbox.appconfig import AppConfig
from sandbox.faults import Switches
from sandbox.ids import Ids, gid, instant
from sandbox.money import Body
from sandbox.pricing import Partner, Pricing

Mark = Literal["authorized", "voided", "expired"]


class Refused(Exception):
    """Shopify would not do this; the message is one sentence for the person who asked."""


@dataclass(slots=True)
class Product:
    """A product with its one variant; ``price`` in minor units of the shop's currency."""

    id: int
    variant_id: int
    title: str
    handle: str
    price: int
    gift_card: bool = False
    requires_shipping: bool = True
    collections: tuple[int, ...] = ()
    tags: tuple[str, ...] = ()
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True)
class Customer:
    """A customer record; one made by an e-mail guest's checkout looks the same."""

    id: int
    email: str | None
    first_name: str
    last_name: str
    locale: str
    created_at: datetime
    updated_at: datetime
    tags: list[str] = field(default_factory=list)
    number_of_orders: int = 0
    amount_spent: int = 0

    @property
    def gid(self) -> str:
        """The customer's global id."""
        return gid("Customer", self.id)


@dataclass(slots=True)
class Order:
    """An order: ``body`` is the full webhook body, from which the Admin API answers too; money in minor units."""

    body: Body
    received: int = 0
    refunded: int = 0
    mark: Mark | None = None
    disputes: list[Body] = field(default_factory=list)
    events: dict[int, list[Body]] = field(default_factory=dict)
    refund_bodies: list[Body] = field(default_factory=list)

    @property
    def id(self) -> int:
        """The numeric id."""
        return int(self.body["id"])

    @property
    def gid(self) -> str:
        """The order's global id."""
        return gid("Order", self.id)

    @property
    def currency(self) -> str:
        """The shop's currency at the time of the order."""
        return str(self.body["currency"])

    @property
    def checkout_token(self) -> str:
        """What the thank-you page of this order knows."""
        return str(self.body["checkout_token"])

    @property
    def customer_id(self) -> int | None:
        """The customer's numeric id, if the order has one."""
        customer = self.body["customer"]
        return None if customer is None else int(customer["id"])

    @property
    def updated_at(self) -> datetime:
        """The last change, whole seconds."""
        return instant(self.body["updated_at"])


@dataclass(slots=True)
class RedeemCode:
    """One code of a discount, and how often orders used it."""

    id: int
    code: str
    uses: int = 0


@dataclass(slots=True)
class Discount:
    """A discount node, kept as the input the app sent; ``codes`` by their case-folded text."""

    id: int
    kind: Literal["basic", "free_shipping"]
    input: Body
    created_at: datetime
    updated_at: datetime
    starts_at: datetime
    ends_at: datetime | None
    codes: dict[str, RedeemCode] = field(default_factory=dict)
    used_by: set[int | str] = field(default_factory=set)

    def status(self, now: datetime) -> Literal["ACTIVE", "EXPIRED", "SCHEDULED"]:
        """Return the node's DiscountStatus at an instant."""
        if self.ends_at is not None and self.ends_at <= now:
            return "EXPIRED"
        return "SCHEDULED" if now < self.starts_at else "ACTIVE"


@dataclass(slots=True)
class Creation:
    """A bulk import of codes: asked for at once, done at ``ready_at``; results are (code, id or None)."""

    id: int
    discount_id: int
    codes: list[str]
    created_at: datetime
    ready_at: datetime
    results: list[tuple[str, int | None]] | None = None


@dataclass(slots=True)
class Removal:
    """A bulk removal of codes, done at ``ready_at``."""

    id: int
    discount_id: int
    code_ids: list[int]
    ready_at: datetime
    done: bool = False


@dataclass(slots=True)
class Metafield:
    """A metafield of any owner."""

    id: int
    owner: str
    namespace: str
    key: str
    type: str
    value: str
    created_at: datetime
    updated_at: datetime


@dataclass(slots=True)
class AccessToken:
    """An offline access token and its end."""

    token: str
    expires_at: datetime


@dataclass(slots=True)
class RefreshToken:
    """A refresh token; it outlives its first use until one of its successors is used."""

    token: str
    expires_at: datetime
    parent: str | None = None
    first_used_at: datetime | None = None
    revoked: bool = False


@dataclass(slots=True)
class Bucket:
    """The leaky bucket of one app in one shop, in cost points."""

    size: float = 2000.0
    restore_rate: float = 100.0
    available: float = 2000.0
    touched_at: datetime | None = None


@dataclass(slots=True)
class Shop:
    """One store and everything in it."""

    handle: str
    id: int
    name: str
    email: str
    currency: str
    time_zone: str
    country: str
    province: str | None
    taxes_included: bool
    tax_rate: Decimal
    tax_shipping: bool
    development: bool
    created_at: datetime
    installation_id: int
    scopes: tuple[str, ...] = ()
    installed: bool = False
    order_window_days: int | None = 60
    next_order_number: int = 1001
    products: dict[int, Product] = field(default_factory=dict)
    customers: dict[int, Customer] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    discounts: dict[int, Discount] = field(default_factory=dict)
    creations: dict[int, Creation] = field(default_factory=dict)
    removals: dict[int, Removal] = field(default_factory=dict)
    metafields: dict[tuple[str, str, str], Metafield] = field(default_factory=dict)
    access_tokens: dict[str, AccessToken] = field(default_factory=dict)
    refresh_tokens: dict[str, RefreshToken] = field(default_factory=dict)
    flow_triggers: list[Body] = field(default_factory=list)
    bucket: Bucket = field(default_factory=Bucket)
    switches: Switches = field(default_factory=Switches)
    pricing: Pricing = field(default_factory=Pricing)
    api_calls: list[str] = field(default_factory=list)

    @property
    def domain(self) -> str:
        """The permanent host name, ``example.myshopify.com``."""
        return f"{self.handle}.myshopify.com"

    @property
    def gid(self) -> str:
        """The shop's global id."""
        return gid("Shop", self.id)

    def discount_of(self, code: str) -> tuple[Discount, RedeemCode] | None:
        """Find a code, whatever its case, with its discount."""
        folded = code.casefold()
        for discount in self.discounts.values():
            if found := discount.codes.get(folded):
                return discount, found
        return None


@dataclass(slots=True)
class State:
    """The whole sandbox; every change and every answer is made while holding ``lock``."""

    client_id: str
    client_secret: str
    config: AppConfig
    app_url: str | None
    clock: Callable[[], datetime]
    bulk_seconds: float
    origin: str = ""
    app_id: int = 0
    partner: Partner = field(default_factory=Partner)
    ids: Ids = field(default_factory=Ids)
    shops: dict[str, Shop] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def now(self) -> datetime:
        """Return the sandbox's present, aware and in UTC."""
        return self.clock().astimezone(UTC)
