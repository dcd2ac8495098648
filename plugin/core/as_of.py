"""An order as it stood at an instant, by what is known of it today (semantics B 15)."""

from dataclasses import replace
from datetime import datetime

from plugin.core.orders import OrderState, kept


def kept_at(state: OrderState, at: datetime, *, without_tax: bool = False, count_test: bool = False) -> int:
    """Return K as of ``at``: refunds and a cancellation with that business time or a later one do not count yet.

    It is today's K once nothing is later than ``at``. Only refunds and cancellations have a business time of their own
    among an order's facts: a payment, an edit without a refund, a lost chargeback and a deletion are told without one
    and count at any time, as today's facts say.
    """
    return kept(as_of(state, at), without_tax=without_tax, count_test=count_test)


def final_from(state: OrderState) -> datetime | None:
    """Return since when the order stands as it stands today; None: since ever.

    After this instant ``as_of`` changes nothing.
    """
    facts = state.facts
    undone = [refund.at for refund in state.refunds]
    return max([*undone, facts.cancelled_at] if facts.cancelled_at else undone, default=None)


def as_of(state: OrderState, at: datetime) -> OrderState:
    """Return the order without its refunds and cancellation of ``at`` and later.

    Where the snapshot holds such a refund, its lines are added back to subtotal, tax and pieces; gift cards are not
    in N, given back or not. A refunded order with a later refund was paid before.
    """
    facts = state.facts
    later = {refund.id: refund for refund in state.refunds if refund.at >= at}
    cancelled = facts.cancelled_at if facts.cancelled_at is not None and facts.cancelled_at < at else None
    if not later and cancelled == facts.cancelled_at:
        return state
    gifts = {line.id for line in facts.lines if line.gift_card}
    back = [
        line
        for refund in facts.refunds
        if refund.id in later
        for line in later[refund.id].lines or ()
        if line.line_id not in gifts and not line.gift_card
    ]
    pieces: dict[int, int] = {}
    for line in back:
        pieces[line.line_id] = pieces.get(line.line_id, 0) + line.quantity
    status = facts.status
    if status == "refunded" and later:
        status = "paid" if len(later) == len(state.refunds) else "partially_refunded"
    before = replace(
        facts,
        cancelled_at=cancelled,
        status=status,
        subtotal=facts.subtotal + sum(line.subtotal for line in back),
        tax=facts.tax + sum(line.tax for line in back),
        lines=tuple(
            replace(line, current=min(line.quantity, line.current + pieces[line.id]))
            if line.id in pieces
            else line
            for line in facts.lines
        ),
        refunds=tuple(refund for refund in facts.refunds if refund.id not in later),
    )
    return replace(
        state,
        snapshot=replace(state.snapshot, facts=before) if state.snapshot else None,
        refunds=tuple(refund for refund in state.refunds if refund.id not in later),
    )
