"""Bonus campaigns: for some days certain products, or all of them, bring more points (semantics B 8, 15)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import TypeAlias

ONCE = 1000
"""A multiplier that changes nothing; all multipliers are whole thousandths."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """More points from the first to the last of the shop's days, both included.

    ``collection`` or ``tag`` (in folded case) says for which products; neither means all of them.
    """

    title: str
    multiplier: int
    first: date
    last: date
    collection: int | None = None
    tag: str | None = None

    @property
    def for_all(self) -> bool:
        """Tell whether every product takes part, and what belongs to no product as well."""
        return self.collection is None and self.tag is None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """Where a product stood on one day; one that is gone stands nowhere. Tags in folded case."""

    collections: frozenset[int] = frozenset()
    tags: frozenset[str] = frozenset()


Known: TypeAlias = Mapping[int, ProductFacts]
"""What was asked about products on the day of an order, by their ids; who is absent was not asked about yet."""

NOTHING: Known = MappingProxyType({})


def running(campaigns: Iterable[Campaign], day: date) -> tuple[Campaign, ...]:
    """Return the campaigns of that day."""
    return tuple(one for one in campaigns if one.first <= day <= one.last)


def selective(running: Iterable[Campaign]) -> bool:
    """Tell whether facts about products can bring more than what all products bring anyway."""
    on = tuple(running)
    least = max((one.multiplier for one in on if one.for_all), default=ONCE)
    return any(one.multiplier > least for one in on if not one.for_all)


def best(running: Iterable[Campaign], facts: ProductFacts | None) -> Campaign | None:
    """Return the campaign that brings most for such a product, the first of equals; None where none counts it.

    Without facts only campaigns for all products do.
    """
    covering = [one for one in running if _covers(one, facts)]
    return max(covering, key=lambda one: one.multiplier, default=None)


def _covers(campaign: Campaign, facts: ProductFacts | None) -> bool:
    if campaign.for_all:
        return True
    if facts is None:
        return False
    return campaign.collection in facts.collections or campaign.tag in facts.tags
