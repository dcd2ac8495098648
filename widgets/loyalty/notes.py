"""What points are worth, said to the merchant beside the settings that decide it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from plugin.core import liability
from plugin.core.money import exponent
from plugin.language import Language
from plugin.settings import ShopSettings
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.settings import LoyaltySettings

_SHOWN = Decimal("0.01")
"""Percent are shown by hundredths; what is finer is said to be about that."""


def notes(
    settings: LoyaltySettings, shop: ShopSettings, language: Language, now: datetime
) -> Mapping[str, str]:
    """Return the effective rate of every reward, and of all by the most favourable one that is offered.

    A reward that grants a fixed amount gives back ``value / cost`` for a point; times the points for a unit this is
    the share of a purchase that comes back. What a percentage or a gift comes to depends on the order.
    """
    said: dict[str, str] = {}
    offered: list[tuple[Fraction, str]] = []
    today = now.astimezone(shop.zone).date()
    for number, reward in enumerate(settings.rewards):
        share = effective_rate(settings.points_per_unit, reward, shop.currency)
        if share is None:
            continue
        said[f"rewards[{number}].cost"] = _back(share, language)
        if reward.is_offered(today):
            offered.append((share, reward.title))
    if offered:
        share, title = max(offered, key=lambda pair: pair[0])
        said["points_per_unit"] = language.gettext(
            "%(back)s, with “%(reward)s”", back=_back(share, language), reward=title
        )
    else:
        said["points_per_unit"] = language.gettext(
            "What comes back can be told once a reward grants a fixed amount."
        )
    return said


def effective_rate(points_per_unit: Decimal, reward: Reward, currency: str) -> Fraction | None:
    """Return the exact share of a purchase that comes back through a reward of a fixed amount, else None."""
    if reward.kind != "amount" or not isinstance(reward.value, int):
        return None
    per_point = Fraction(reward.value, reward.cost * 10 ** exponent(currency))
    return Fraction(points_per_unit) * per_point


def worth(settings: LoyaltySettings, shop: ShopSettings, now: datetime) -> Fraction | None:
    """Return what a point buys at most, in minor units, by the rewards of a fixed amount that are not over."""
    today = now.astimezone(shop.zone).date()
    return liability.dearest(
        (reward.value, reward.cost)
        for reward in settings.rewards
        if reward.kind == "amount"
        and isinstance(reward.value, int)
        and (reward.ends_on is None or today <= reward.ends_on)
    )


def _back(share: Fraction, language: Language) -> str:
    percent = share * 100
    shown = (Decimal(percent.numerator) / percent.denominator).quantize(_SHOWN, ROUND_HALF_EVEN).normalize()
    written = language.percent(shown + 0 if shown else Decimal(0))
    if Fraction(shown) == percent:
        return language.gettext("= %(percent)s back", percent=written)
    return language.gettext("about %(percent)s back", percent=written)
