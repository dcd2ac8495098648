"""What a reward's points come back for: the order that used its code was undone, as a whole or in part (semantics B 17).

A target like every other: it follows from the order's facts alone, so that it may rise and fall with them.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from plugin.core.allocations import allocated, applied_by, left
from plugin.core.lots import Return
from plugin.core.orders import Line, OrderState

BY_SHARE = "amount"
"""The one kind of reward of which a part can come back; of the others nothing is left over while anything is kept."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A reward's code and what it cost; ``by_share``: it took a fixed amount off the order."""

    code: str
    cost: int
    by_share: bool


def names(state: OrderState, code: str) -> bool:
    """Tell whether the order used the code, in whatever case it was typed."""
    wanted = code.casefold()
    return state.snapshot is not None and any(used.strip().casefold() == wanted for used in state.facts.codes)


def given_back(state: OrderState, spent: Spent) -> tuple[Return, ...]:
    """Return what comes back for an order that used the code, each part at the instant that gave reason for it.

    All of it when the order was cancelled or nothing of it is kept; of a fixed amount otherwise the share of the
    code's discount that fell on what was given back, rounded down.
    """
    steps = {at: _due(kept, state, spent) for at, kept in _course(state)}
    steps |= dict.fromkeys(_undone_at(state), spent.cost)
    found, total = [], 0
    for at, due in sorted(steps.items()):
        if due > total:
            found.append(Return(at, due - total))
            total = due
    return tuple(found)


def _due(kept: Mapping[int, int], state: OrderState, spent: Spent) -> int:
    if kept and not any(kept.values()):
        return spent.cost
    if not spent.by_share:
        return 0
    own = applied_by(state, spent.code)
    taken_off = {line.id: allocated(line, own) for line in _goods(state)}
    whole = sum(taken_off.values())
    if whole == 0:
        return 0
    rest = sum(
        Fraction(taken_off[line.id] * kept[line.id], line.quantity) for line in _goods(state) if line.quantity
    )
    return int(spent.cost * (1 - rest / whole))


def _goods(state: OrderState) -> Sequence[Line]:
    """The lines that discounts fall on; an order of gift cards alone is judged by these."""
    lines = state.facts.lines
    return [line for line in lines if not line.gift_card] or lines


def _course(state: OrderState) -> Iterator[tuple[datetime, dict[int, int]]]:
    """Yield how many pieces of each line were kept after each refund, and at last by all facts.

    What left the order without a refund has no time of its own: it counts from the newest facts on.
    """
    refunds = sorted(state.refunds, key=lambda refund: (refund.at, refund.id))
    final = left(state, _goods(state))
    kept = {line.id: line.quantity for line in _goods(state)}
    for refund in refunds:
        for gone in refund.lines or ():
            if gone.line_id in kept:
                kept[gone.line_id] = max(final[gone.line_id], kept[gone.line_id] - gone.quantity)
        yield refund.at, dict(kept)
    yield max([state.facts.updated_at, *(refund.at for refund in refunds)]), final


def _undone_at(state: OrderState) -> Iterator[datetime]:
    facts = state.facts
    if facts.cancelled_at is not None:
        yield facts.cancelled_at
    if facts.status == "refunded":
        yield max((refund.at for refund in state.refunds), default=facts.updated_at)
    if state.deleted or facts.status == "voided":
        yield facts.updated_at
