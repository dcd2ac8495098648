"""The account's state: every object by its id, the cards behind customers, answers kept for idempotency, events."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.stripe.errors import missing

Body = dict[str, Any]
DAY = 86_400
ALL = frozenset({"*"})
TIMES = frozenset(
    "created current_period_start current_period_end start_date billing_cycle_anchor canceled_at cancel_at ended_at "
    "period_start period_end start end expires_at finalized_at paid_at voided_at next_payment_attempt effective_at "
    "updated".split()
)


@dataclass(slots=True)
class Card:
    """A card as a customer typed it; Stripe's own test numbers decide what becomes of it."""

    number: str

    @property
    def last4(self) -> str:
        """What an invoice shows of it."""
        return self.number[-4:]

    @property
    def attaches(self) -> bool:
        """Whether the card can be saved at all; 4000 0000 0000 0002 cannot."""
        return self.number != "4000000000000002"

    @property
    def pays(self) -> bool:
        """Whether a charge succeeds; 4000 0000 0000 0341 can be saved and is declined later."""
        return self.attaches and self.number != "4000000000000341"


@dataclass(slots=True)
class Reply:
    """What a write was answered, for whoever sends it again with the same idempotency key."""

    asked: str
    status: int
    body: Body


@dataclass(slots=True)
class Account:
    """One Stripe account in test mode; ``keys`` says which rights each of its API keys has."""

    keys: Mapping[str, frozenset[str]]
    webhook_secret: str
    now: Callable[[], int] = field(default=lambda: int(time.time()), repr=False)
    origin: str = ""
    after_retries: Literal["unpaid", "cancel"] = "unpaid"
    objects: dict[str, Body] = field(default_factory=dict)
    cards: dict[str, Card] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    down: bool = False
    lock: Any = field(default_factory=threading.RLock, repr=False)
    told: Callable[[Body], None] = field(default=lambda event: None, repr=False)
    _numbers: int = 0

    def id(self, prefix: str) -> str:
        """Return a new id; they sort by age within a prefix."""
        self._numbers += 1
        return f"{prefix}_1Dank{self._numbers:014d}"

    def put(self, body: Body) -> Body:
        """Keep an object and return it."""
        self.objects[body["id"]] = body
        return body

    def get(self, kind: str, id: str, *, param: str = "id") -> Body:
        """Return an object. Raises StripeRefusal where it is not there."""
        found = self.objects.get(id)
        if found is None or found["object"] != kind:
            raise missing(kind.rpartition(".")[2], id, param)
        return found

    def all(self, kind: str, **facts: Any) -> Iterator[Body]:
        """Yield the objects of a kind with these facts, newest first as Stripe lists them."""
        for one in reversed([*self.objects.values()]):
            if one["object"] == kind and all(one.get(name) == value for name, value in facts.items()):
                yield one

    def age(self, seconds: int) -> None:
        """Make everything that is known that much older."""
        for one in self.objects.values():
            _age(one, seconds)


def _age(value: Any, seconds: int) -> None:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in TIMES and isinstance(inner, int):
                value[name] = inner - seconds
            else:
                _age(inner, seconds)
    elif isinstance(value, list):
        for inner in value:
            _age(inner, seconds)
