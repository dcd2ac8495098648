"""What orders should have earned, each by the rule of its own time and by what is known of its products."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from plugin.core import product_facts
from plugin.core.campaigns import NOTHING, Known
from plugin.core.earning import Counting, Rule, Target, asks, target
from plugin.core.ladder import Tier
from plugin.core.orders import OrderState
from plugin.core.product_facts import Wanted
from plugin.settings import Versions
from widgets.loyalty.rules import counting, rule_at

LEARN = "loyalty.products"
"""The task that asks about the products for which orders of a shop wait."""


@dataclass(frozen=True, slots=True)
class Judged:
    """An order with the rule that judges it; ``ref`` is our key."""

    ref: int
    shop_id: int
    state: OrderState
    rule: Rule
    counting: Counting

    def products(self) -> list[Wanted]:
        """Return which facts about its products the order's points depend on."""
        if not self.rule.campaigns:
            return []
        day = self.rule.day(self.state.facts.processed_at)
        return [(self.shop_id, product, day) for product in asks(self.state, self.rule, self.counting)]

    def target(self, known: Known, tier: Tier | None = None) -> Target:
        """Return what it should have earned, with what is known of its products."""
        return target(self.state, self.rule, self.counting, known, tier)


def judged(ref: int, shop_id: int, state: OrderState, versions: Versions) -> Judged:
    """Return the order with the rule of its own time."""
    rule = rule_at(versions, shop_id, state.facts.processed_at)
    return Judged(ref, shop_id, state, rule, counting(versions, shop_id))


def targets(conn: Connection, orders: Sequence[Judged]) -> dict[int, Target]:
    """Return today's target of each order by its key, without any tier.

    Facts about products are read in one statement, and in none unless a campaign asks for them.
    """
    known = known_of(conn, orders)
    return {one.ref: one.target(known.get(one.ref, NOTHING)) for one in orders}


def known_of(conn: Connection, orders: Iterable[Judged]) -> dict[int, Known]:
    """Return what is known of the products of those orders that depend on it."""
    asked = {one.ref: wanted for one in orders if (wanted := one.products())}
    known = product_facts.known(conn, (wanted for mine in asked.values() for wanted in mine))
    return {
        ref: {wanted[1]: known[wanted] for wanted in mine if wanted in known} for ref, mine in asked.items()
    }
