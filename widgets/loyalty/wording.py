"""Points put into words: how they came about, as a shopper would reckon it, and what an entry is."""

from collections.abc import Sequence
from decimal import Decimal

from plugin.core import breakdowns
from plugin.core.breakdowns import Counted
from plugin.core.campaigns import ONCE
from plugin.core.ledger import (
    ACCRUAL,
    ADJUSTMENT,
    BONUS,
    CLAWBACK,
    EXPIRY,
    EXPIRY_REVERSAL,
    IMPORT,
    REDEMPTION,
    REDEMPTION_REVERSAL,
)
from plugin.core.standing import EntryRead
from plugin.language import Language
from plugin.setting_input import sentence
from widgets.loyalty.ranks import TIER
from widgets.loyalty.tiers import Tier

_KINDS = {
    ACCRUAL: sentence("Order"),
    CLAWBACK: sentence("Order changed"),
    BONUS: sentence("Bonus for a tier"),
    REDEMPTION: sentence("Reward"),
    REDEMPTION_REVERSAL: sentence("Reward given back"),
    EXPIRY: sentence("Expired"),
    EXPIRY_REVERSAL: sentence("Not expired after all"),
    ADJUSTMENT: sentence("Corrected by us"),
    IMPORT: sentence("Brought along"),
}
_TAKEN = {
    BONUS: sentence("Bonus for a tier taken back"),
    REDEMPTION_REVERSAL: sentence("Reward used after all"),
}
"""What an entry is that takes points where its kind gives them."""


def breakdown_text(language: Language, points: int, stored: str) -> str | None:
    """Return the arithmetic of an order's points: ``49 points: €24.50 × 2``; None where nothing is multiplied."""
    found = breakdowns.decode(stored)
    common: list[tuple[int, str | None]] = [(found.rate, None)]
    common += [(found.tier[1], found.tier[0])] if found.tier else []
    common = [(multiplier, title) for multiplier, title in common if multiplier != ONCE]
    if not common and all(part.multiplier == ONCE for part in found.parts):
        return None
    inner = " + ".join(_part(language, found.currency, part) for part in found.parts)
    if common and len(found.parts) > 1:
        inner = f"({inner})"
    for multiplier, title in common:
        inner = _times(language, inner, multiplier, title)
    return language.ngettext("%(n)s point: %(sum)s", "%(n)s points: %(sum)s", points, sum=inner)


def _part(language: Language, currency: str, part: Counted) -> str:
    amount = language.money(part.amount, currency)
    return amount if part.multiplier == ONCE else _times(language, amount, part.multiplier, part.title)


def _times(language: Language, inner: str, multiplier: int, title: str | None = None) -> str:
    factor = language.number(Decimal(multiplier) / ONCE)
    return f"{inner} × {factor} ({title})" if title else f"{inner} × {factor}"


def entry_text(language: Language, entry: EntryRead, tiers: Sequence[Tier]) -> str:
    """Return what an entry is, with the tier that a bonus is for while the shop has it."""
    known = _TAKEN if entry.points < 0 and entry.kind in _TAKEN else _KINDS
    text = language.gettext(known[entry.kind])
    title = next((tier.title for tier in tiers if entry.source == f"{TIER}{tier.id}"), None)
    return f"{text}: {title}" if title else text
