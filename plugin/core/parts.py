"""What is kept of an order in parts: how much of K each bonus campaign multiplies, exact to the last fraction."""

from collections.abc import Sequence
from dataclasses import dataclass

from plugin.core.campaigns import ONCE, Campaign, Known, best
from plugin.core.orders import OrderState


@dataclass(frozen=True, slots=True)
class Part:
    """``share / whole`` minor units of K that one campaign multiplies, or none."""

    campaign: Campaign | None
    share: int

    @property
    def multiplier(self) -> int:
        """Thousandths."""
        return self.campaign.multiplier if self.campaign else ONCE


@dataclass(frozen=True, slots=True)
class Parts:
    """All of K: the shares sum to ``kept * whole``; the best multiplied part comes first."""

    kept: int
    whole: int
    parts: tuple[Part, ...]

    def weighted(self) -> int:
        """Return the sum of share x multiplier: minor units, times ``whole``, times a thousand."""
        return sum(part.share * part.multiplier for part in self.parts)

    def amounts(self) -> list[int]:
        """Return each part in whole minor units that sum to K: rounded down, the rest to the largest fractions."""
        amounts = [part.share // self.whole for part in self.parts]
        missing = self.kept - sum(amounts)
        turn = sorted(range(len(amounts)), key=lambda n: (-(self.parts[n].share % self.whole), n))
        for number in turn[:missing]:
            amounts[number] += 1
        return amounts


def divide(state: OrderState, kept: int, running: Sequence[Campaign], known: Known) -> Parts:
    """Return K (minor units) in parts by the best campaign of each product.

    A line weighs what its current pieces cost after its discounts, less its refund lines that the snapshot does not
    hold yet; gift cards weigh nothing. The weights sum to W.

    - K < W, where money was given back as a favour, is outstanding, or tax does not count: every line gives way in
      proportion, so that its part is K x weight / W.
    - K >= W: each part is its weight, and K - W (fractions that lines round off, or lines not told yet) belongs to no
      product. Only a campaign for all products multiplies it.

    So the parts are always exactly K, less kept of any line never brings more, and a campaign for all products
    multiplies K itself.
    """
    anywhere = best(running, None)
    if all(one.for_all for one in running):
        return Parts(kept, 1, (Part(anywhere, kept),))
    weights: dict[Campaign | None, int] = {}
    for product, weight in _weights(state):
        facts = known.get(product) if product is not None else None
        campaign = best(running, facts)
        weights[campaign] = weights.get(campaign, 0) + weight
    whole = sum(weights.values())
    if kept < whole:
        shares = {campaign: kept * weight for campaign, weight in weights.items()}
    else:
        shares = weights | {anywhere: weights.get(anywhere, 0) + kept - whole}
        whole = 1
    parts = [Part(campaign, share) for campaign, share in shares.items() if share]
    return Parts(kept, whole, tuple(sorted(parts, key=lambda part: (-part.multiplier, _title(part)))))


def _title(part: Part) -> str:
    return part.campaign.title if part.campaign else ""


def _weights(state: OrderState) -> list[tuple[int | None, int]]:
    facts = state.facts
    shown = {refund.id for refund in facts.refunds}
    returned: dict[int, int] = {}
    for refund in state.refunds:
        if refund.id not in shown:
            for line in refund.lines or ():
                returned[line.line_id] = returned.get(line.line_id, 0) + line.subtotal
    return [
        (line.product_id, max(0, line.kept_value() - returned.get(line.id, 0)))
        for line in facts.lines
        if not line.gift_card
    ]
