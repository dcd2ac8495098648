"""What a widget is: one frozen value that says all it shows, does, keeps and is asked."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeAlias

from sqlalchemy import Connection

from plugin.clock import Job
from plugin.core.order_book import OrderChange
from plugin.core.orders import OrderState
from plugin.language import Language
from plugin.settings import OnChange, S, ShopSettings
from plugin.shops import Shop
from plugin.tasks import Handler
from widgets.lookups import Lookups
from widgets.records import Inventory
from widgets.reports import Report


class Surface(StrEnum):
    """Where a widget is shown."""

    STOREFRONT = "storefront"
    PRODUCT = "product"
    CART = "cart"
    THANK_YOU = "thank_you"
    ORDER_STATUS = "order_status"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class OrderRef:
    """An order that the request has proved to be about; ``ref`` is our key, ``order_id`` Shopify's."""

    ref: int
    order_id: int
    state: OrderState
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, where, when and how they are spoken to; everything in it is proved.

    ``customer_id`` is set for the customer whose private figures may be shown: the signed-in one, and on an order's
    page only if the order is theirs. ``prefix`` is the path under which the shop's own domain reaches the app
    (``/apps/dankbar``), empty outside the storefront. ``action_token`` goes into forms; ``key`` is the shop's, to sign
    links with, and empty where nobody could follow one. ``inventory`` says what all widgets keep about people.
    """

    shop: Shop
    settings: ShopSettings
    language: Language
    surface: Surface
    now: datetime
    customer_id: int | None = None
    order: OrderRef | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    action_token: str | None = None
    key: bytes = field(default=b"", repr=False)
    inventory: Inventory | None = None

    @property
    def has_forms(self) -> bool:
        """Whether a form can be sent from here: from the shop's own domain, by somebody who is signed in."""
        return bool(self.prefix and self.action_token)


View: TypeAlias = Callable[[Connection, Context, S], object | None]
"""Reads only; returns a frozen dataclass of finished texts and figures, or None when there is nothing to show."""

Action: TypeAlias = Callable[[Connection, Context, S, Mapping[str, str]], object]
"""``(conn, ctx, settings, form)`` in one transaction; ``ctx.customer_id`` is signed in. Returns a frozen dataclass."""

OrdersEffect: TypeAlias = Callable[[Connection, Sequence[OrderChange], datetime], None]
"""Brings everything the widget derives from these orders to its target; doing it twice changes nothing."""


@dataclass(frozen=True, slots=True)
class Route(Generic[S]):
    """Something a signed-in shopper does, mounted under ``/proxy/widgets/{widget}{path}``.

    ``page`` names the widget's page that answers, for whoever has no JavaScript; otherwise its fragment does.
    """

    path: str
    run: Action[S]
    methods: Sequence[str] = ("POST",)
    per_minute: int = 200
    """Requests of one customer in a minute beyond which it answers 429."""
    page: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[S]):
    """A page within the shop's theme, ``/proxy/widgets/{widget}/{path}``; without JavaScript, for reading and printing.

    ``template`` is one of the widget's own; ``view`` is asked for whoever is signed in, or for everybody where it is
    not ``signed_in``. None means that this shop has no such page. A sheet to print is not ``in_theme``. ``file`` is
    what whoever is signed in takes along as JSON, under ``{path}.json``.
    """

    path: str
    title: str
    view: View[S]
    template: str
    signed_in: bool = True
    in_theme: bool = True
    file: View[S] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A person within one shop: all customer ids merged into one, and the orders that are theirs by our key."""

    shop_id: int
    customer_ids: tuple[int, ...] = ()
    order_refs: tuple[int, ...] = ()


Seal: TypeAlias = Callable[[bytes], bytes]
"""Encrypts what a task of this shop must know for a moment and nothing may hold."""

Recall: TypeAlias = Callable[[Connection, Subject, Seal, datetime], None]
"""Asks for the deletion of what others hold of a person who is about to be erased here."""

Export: TypeAlias = Callable[[Connection, Subject], Iterable[Mapping[str, object]]]
Erase: TypeAlias = Callable[[Connection, Subject, datetime], None]


@dataclass(frozen=True, slots=True)
class Processing:
    """One use of personal data, as the data panel, the export and the erasure all read it.

    The five texts are translated where they are shown; ``recipients`` is empty when nobody receives it.
    ``columns`` are the ``table.column`` that hold it; ``asks`` are the fields of Shopify's messages it is taken from,
    each as ``subscription: field`` of shopify.app.toml, and ``scopes`` what the shop has to grant for it.
    """

    what: str
    purpose: str
    basis: str
    retention: str
    recipients: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    export: Export | None = None
    erase: Erase | None = None


def asked(subscription: str, *fields: str) -> tuple[str, ...]:
    """Return what a ``Processing`` asks of one subscription."""
    return tuple(f"{subscription}: {field}" for field in fields)


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that does not hold."""

    invariant: str
    account: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """Something ``dankbar verify`` checks, for one shop or (None) for all.

    ``says`` holds, by the name of each breach it can yield, what a merchant reads of it; translated where it is shown.
    """

    name: str
    check: Callable[[Connection, int | None, datetime], Iterator[Breach]]
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the merchant's home page; its texts are translated where they are shown.

    ``advice`` says what to do about a number that needs attention.
    """

    title: str
    value: int
    advice: str | None = None


Figures: TypeAlias = Callable[[Connection, int, datetime, datetime], Iterable[Figure]]
"""``(conn, shop_id, since, now)``: reads only."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A level that an operator's monitoring watches, over all shops; ``help`` says in English what it is."""

    name: str
    help: str
    value: float


Gauges: TypeAlias = Callable[[Connection, datetime], Iterable[Gauge]]
"""``(conn, now)``: reads only, in a few indexed statements whatever the number of shops."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A sentence about something that an optional scope would make possible; it is asked for beside it."""

    text: str
    scope: str


Alerts: TypeAlias = Callable[[Connection, int, Language, datetime], Iterable[str | Missing]]
"""``(conn, shop_id, language, now)``: sentences about what the merchant should look at now; reads only."""

Notes: TypeAlias = Callable[[S, ShopSettings, Language, datetime], Mapping[str, str]]
"""``(settings, shop, language, now)``: by setting (``points_per_unit``, ``rewards[1].cost``) a sentence for the merchant."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Widget(Generic[S]):
    """One widget; ``name`` is its folder, its part of every URL, its settings section and its message domain."""

    name: str
    title: str
    surfaces: frozenset[Surface]
    settings: type[S]
    view: View[S]
    actions: tuple[Route[S], ...] = ()
    pages: tuple[Page[S], ...] = ()
    effects: Mapping[str, OrdersEffect] = field(default_factory=dict)
    """``orders`` is the one kind there is."""
    on_merge: Callable[[Connection, int, int, datetime], None] | None = None
    """``(conn, shop_id, root, now)``: brings what is derived from a whole account to its target after another one was
    merged into it; both are locked."""
    on_change: Mapping[str, OnChange] = field(default_factory=dict)
    """By section: what a change of settings asks for, in its own transaction."""
    tasks: Mapping[str, Handler] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    on_install: Callable[[Connection, int, datetime], None] | None = None
    """``(conn, shop_id, now)``: what a shop needs ahead of its first order, once its settings are established."""
    processing: tuple[Processing, ...] = ()
    recall: Recall | None = None
    invariants: tuple[Invariant, ...] = ()
    figures: Figures | None = None
    reports: tuple[Report[S], ...] = ()
    """What it tells the merchant on a page of their own, and as files."""
    lookups: Lookups | None = None
    """What is asked of somebody outside, shown on the widget's page in the admin with a button to ask again."""
    alerts: Alerts | None = None
    gauges: Gauges | None = None
    says: Mapping[str, str] = field(default_factory=dict)
    """By setting: the view's text that speaks of it, shown beside it to the merchant."""
    notes: Notes[S] | None = None
    """What a value comes to, shown beside its input while it is typed; the sentences are in the language given."""
    worth: Callable[[S, ShopSettings, datetime], Fraction | None] | None = None
    """``(settings, shop, now)``: what one point buys at most in minor units; None while no reward says so."""
    rehearse: Callable[[Connection, int, datetime], None] | None = None
    """``(conn, shop_id, now)``: does what Shopify would answer to, on the throw-away database of a preview."""

    @cached_property
    def folder(self) -> Path:
        """Where the widget lives: ``templates/<name>.html``, ``locales/``."""
        return Path(__file__).parent / self.name

    @cached_property
    def locales(self) -> Path:
        """The widget's own catalogues."""
        return self.folder / "locales"
