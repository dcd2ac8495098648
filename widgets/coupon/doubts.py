"""An order between campaigns: what could be its coupon, while something about its customer is not known yet.

What was on offer when the order was first handled is written down, so that nothing but the answer decides later.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile

import msgspec
from msgspec import Struct, structs

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

    ``day`` is the order's, on the shop's clock. ``promised``: it was told of a coupon already, and gets one;
    ``since`` is then when it was opened again.
    """

    choices: tuple[Choice, ...]
    node_id: int
    last_day: date
    otherwise: Refusal | None = None
    day: date | None = None
    promised: bool = False
    since: datetime | None = None

    @property
    def asking(self) -> tuple[Choice, ...]:
        """The choices that depend on the customer and go before any that does not."""
        return tuple(takewhile(lambda choice: choice.asks, self.choices))

    def on(self, heirs: Mapping[int, int], refused: Collection[int]) -> "Doubt":
        """Return it with ``heirs`` in the place of the nodes they follow, and ``refused`` nodes behind all others."""
        choices = [structs.replace(one, node_id=heirs.get(one.node_id, one.node_id)) for one in self.choices]
        choices.sort(key=lambda one: one.node_id in refused)
        node_id = heirs.get(self.node_id, self.node_id)
        return structs.replace(self, choices=tuple(choices), node_id=node_id)

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
    """What an order gets, or why nothing; ``others`` are what it could have as certainly, the next one first."""

    name: str
    node_id: int
    last_day: date
    refusal: Refusal | None
    others: tuple[Choice, ...] = ()


_DECODER = msgspec.json.Decoder(Doubt)


def decode(text: str) -> Doubt:
    """Return what was written down."""
    return _DECODER.decode(text)


def settle(doubt: Doubt, buyer: Buyer, today: date, *, patient: bool = True) -> Decision | None:
    """Return what the order gets: the first choice that fits, and whose last day is not past on the shop's clock.

    None while one that goes before it is not known to fit; without patience such a one is passed over, and None means
    that no other is certain.
    """
    live = [choice for choice in doubt.choices if choice.last_day >= today]
    fits = [_fits(choice, buyer) for choice in live]
    for place, choice in enumerate(live):
        if fits[place] is None and patient:
            return None
        if fits[place]:
            others = tuple(one for one, fit in zip(live[place + 1 :], fits[place + 1 :], strict=True) if fit)
            return Decision(choice.name, choice.node_id, choice.last_day, None, others)
    if None in fits:
        return None
    why = Refusal.FIRST if len(live) == len(doubt.choices) else Refusal.PAST
    return Decision("", doubt.node_id, doubt.last_day, doubt.otherwise or why)


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
