"""How the points of an order came about, in a form that a page can put into words; nothing personal is in it."""

import json
from dataclasses import dataclass

from plugin.core.campaigns import ONCE
from plugin.core.parts import Parts


@dataclass(frozen=True, slots=True)
class Counted:
    """One part: so many minor units, multiplied (thousandths) by a campaign of that title, or by none."""

    amount: int
    multiplier: int = ONCE
    title: str | None = None


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Each part x its multiplier x ``rate`` x the tier's multiplier, summed and rounded down once.

    ``rate`` in thousandths of a point for one unit of the currency. The parts sum to what was kept; where a part is a
    fraction of a minor unit, it is rounded to one, and the points are not.
    """

    currency: str
    rate: int
    parts: tuple[Counted, ...]
    tier: tuple[str, int] | None = None
    """Title and multiplier (thousandths) of the tier that its customer had reached before."""

    def encode(self) -> str:
        """Return it as compact JSON: it stands in every entry."""
        parts = [
            [one.amount] if one == Counted(one.amount) else [one.amount, one.multiplier, one.title]
            for one in self.parts
        ]
        whole = [self.currency, self.rate, parts, *([self.tier] if self.tier else [])]
        return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def plain(currency: str, rate: int, kept: int) -> str:
    """Return what ``encode`` writes where nothing is multiplied."""
    return f'["{currency}",{rate},[[{kept}]]]' if kept else f'["{currency}",{rate},[]]'


def breakdown(currency: str, rate: int, parts: Parts, tier: tuple[str, int] | None = None) -> Breakdown:
    """Return what an order's points were made of."""
    counted = [
        Counted(amount, part.multiplier, part.campaign.title if part.campaign else None)
        for part, amount in zip(parts.parts, parts.amounts(), strict=True)
        if amount
    ]
    return Breakdown(currency, rate, tuple(counted), tier)


def decode(text: str) -> Breakdown:
    """Return what ``encode`` wrote."""
    currency, rate, parts, *tier = json.loads(text)
    return Breakdown(
        currency,
        rate,
        tuple(Counted(*one) for one in parts),
        (tier[0][0], tier[0][1]) if tier else None,
    )
