"""What an order that used a coupon comes to: what is kept of it, and what the code took off of that."""

from plugin.core.allocations import allocated, applied_by, left
from plugin.core.orders import OrderState, net
from widgets.coupon.owed import is_void


def revenue(state: OrderState) -> int:
    """Return the order's net merchandise after all discounts, in minor units; 0 once it was undone as a whole."""
    return 0 if is_void(state) else net(state)


def discount(state: OrderState, code: str) -> int:
    """Return what the code takes off the pieces that are kept, in minor units, a line's rest rounded down."""
    if is_void(state):
        return 0
    lines, own = state.facts.lines, applied_by(state, code)
    kept = left(state, lines)
    return sum(allocated(line, own) * kept[line.id] // line.quantity for line in lines if line.quantity)
