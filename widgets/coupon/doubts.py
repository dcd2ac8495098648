"""An order between campaigns: what could be its coupon, while something about its customer is not known yet.

What was on offer when the order was first handled is written down, so that nothing but the answer decides later.
"""

from dataclasses import dataclass
from datetime import date

import msgspec
from msgspec import Struct

from widgets.coupon.owed import Refusal


class Choice(Struct, frozen=True, omit_defaults=True, rename={"name": "c", "node_id": "n", "last_day": "d"}):
    """A campaign that could be the order's, by all that is certain; see ``Offer``."""

    name: str
    node_id: int
    last_day: date
    first_only: bool = False
    every: int = 0
    tags: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Tell whether it depends on the customer's orders."""
        return self.first_only or self.every > 0

    @property
    def asks(self) -> bool:
        """Tell whether it depends on the customer."""
        return self.counts or bool(self.tags)


class Doubt(Struct, frozen=True):
    """The choices, the one that goes first first; if none fits, ``otherwise`` is why, about the campaign ``node_id``.

    ``day`` is the order's, on the shop's clock.
    """

    choices: tuple[Choice, ...]
    node_id: int
    last_day: date
    otherwise: Refusal | None = None
    day: date | None = None

    def encode(self) -> str:
        """Return what ``decode`` reads."""
        return msgspec.json.encode(self).decode()


@dataclass(frozen=True, slots=True)
class Buyer:
    """What is known of an order's customer: which stamp the order is, whether it is the first, and their tags.

    None: not known.
    """

    position: int | None = None
    is_first: bool | None = None
    tags: frozenset[str] | None = None


NOBODY = Buyer(0, is_first=False, tags=frozenset())
"""The buyer of an order without a customer: no campaign that asks is theirs."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an order gets, or why nothing."""

    name: str
    node_id: int
    last_day: date
    refusal: Refusal | None


_DECODER = msgspec.json.Decoder(Doubt)


def decode(text: str) -> Doubt:
    """Return what was written down."""
    return _DECODER.decode(text)


def settle(doubt: Doubt, buyer: Buyer) -> Decision | None:
    """Return what the order gets: the first choice that fits; None while one that goes before it is not known to."""
    for choice in doubt.choices:
        fits = _fits(choice, buyer)
        if fits is None:
            return None
        if fits:
            return Decision(choice.name, choice.node_id, choice.last_day, None)
    return Decision("", doubt.node_id, doubt.last_day, doubt.otherwise or Refusal.FIRST)


def _fits(choice: Choice, buyer: Buyer) -> bool | None:
    """Tell whether every condition is met; None where none fails and one is not known."""
    answers: list[bool | None] = []
    if choice.first_only:
        answers.append(buyer.is_first)
    if choice.every:
        position = buyer.position
        answers.append(None if position is None else position > 0 and position % choice.every == 0)
    if choice.tags:
        wanted = {tag.casefold() for tag in choice.tags}
        answers.append(None if buyer.tags is None else any(tag.casefold() in wanted for tag in buyer.tags))
    if False in answers:
        return False
    return None if None in answers else True
