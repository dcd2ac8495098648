"""Bonus campaigns: which part of what was kept brings how many times the points (rules 8, 9 and 15)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tests.oracle.facts import Refund, Snapshot
from tests.oracle.orders import later_refunds


@dataclass(frozen=True, slots=True)
class Bonus:
    """A campaign on some days, both included; of one collection, of one tag, or on everything."""

    multiplier: str
    starts_on: date
    ends_on: date
    collection: int | None = None
    tag: str | None = None

    def covers(self, product: int | None, shelf: "Shelf", day: date) -> bool:
        """Whether a product bought on that day takes part; None stands for what belongs to no product."""
        if self.collection is None and self.tag is None:
            return True
        if product is None or shelf.is_gone(product, day):
            return False
        if self.collection is not None:
            return self.collection in shelf.collections(product, day)
        return str(self.tag).lower() in [tag.lower() for tag in shelf.tags(product, day)]


@dataclass(frozen=True, slots=True)
class Shelf:
    """What Shopify says about any product on any day: made up, but always the same for one seed."""

    seed: int = 0

    def _roll(self, product: int, day: date) -> int:
        return (product * 7919 + day.toordinal() * 104_729 + self.seed * 1_299_709) % 1009

    def is_gone(self, product: int, day: date) -> bool:
        """Whether the product was deleted before anybody asked."""
        return self._roll(product, day) % 7 == 0

    def collections(self, product: int, day: date) -> list[int]:
        """Where it stands."""
        return [number for number in (1, 2, 3) if self._roll(product, day) % (number + 1) == 0]

    def tags(self, product: int, day: date) -> list[str]:
        """What is written on it."""
        return [tag for place, tag in enumerate(["Neu", "SALE"]) if self._roll(product, day) >> place & 1]


def weighted(
    s: Snapshot, refunds: Iterable[Refund], kept: int, bonuses: Sequence[Bonus], day: date, shelf: Shelf
) -> Fraction:
    """K with each part times its best campaign.

    The lines are worth what their current pieces cost, less refunds that the snapshot does not show. Where that is more
    than K, each line gives way in proportion; where it is less, the rest belongs to no product.
    """
    today = [bonus for bonus in bonuses if bonus.starts_on <= day <= bonus.ends_on]

    def times(product: int | None) -> Fraction:
        found = [Fraction(Decimal(one.multiplier)) for one in today if one.covers(product, shelf, day)]
        return max([Fraction(1), *found])

    worth: list[tuple[int | None, Fraction]] = []
    for line in s.lines:
        if line.gift or not line.quantity:
            continue
        left = (line.price * line.quantity - sum(line.discounts)) * line.current // line.quantity
        for refund in later_refunds(s, refunds):
            left -= sum(one.subtotal for one in refund.lines or () if one.line == line.id)
        worth.append((line.product, Fraction(max(0, left))))
    together = sum((value for _, value in worth), Fraction(0))
    if together > kept:
        worth = [(product, value * kept / together) for product, value in worth]
    else:
        worth.append((None, kept - together))
    return sum((value * times(product) for product, value in worth), Fraction(0))
