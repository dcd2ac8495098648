"""What a discount code took off an order's lines, and how many pieces of them are left."""

from collections.abc import Collection, Iterable

from plugin.core.orders import Line, OrderState


def applied_by(state: OrderState, code: str) -> frozenset[int]:
    """Return the discount applications that a code made, in whatever case it was typed."""
    wanted = code.casefold()
    return frozenset(
        index for index, named in state.facts.applications if named and named.strip().casefold() == wanted
    )


def allocated(line: Line, applications: Collection[int]) -> int:
    """Return what these applications took off a line, all its pieces together, in minor units."""
    return sum(amount for index, amount in line.allocations if index in applications)


def left(state: OrderState, lines: Iterable[Line]) -> dict[int, int]:
    """Return how many pieces of each line are kept by all facts, also by refunds that the snapshot does not show yet."""
    kept = {line.id: min(line.current, line.quantity) for line in lines}
    shown = {refund.id for refund in state.facts.refunds}
    for refund in state.refunds:
        if refund.id not in shown:
            for gone in refund.lines or ():
                if gone.line_id in kept:
                    kept[gone.line_id] = max(0, kept[gone.line_id] - gone.quantity)
    return kept
