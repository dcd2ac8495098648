"""The plans: how many kept orders a month each covers and what it costs, the smallest first.

Every plan has every widget, report and language; they differ in the number of orders alone. Shopify's App Pricing shows
four public plans at most, so there are no more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from plugin.language import sentence

CURRENCIES = ("EUR", "USD")
"""What is asked for; a shop with another currency pays in the last one, as Shopify bills it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``handle`` is its name at every vendor and never changes; ``orders`` a month, None without limit.

    ``name`` and ``features`` are translated where they are shown; ``prices`` are minor units a month by currency.
    """

    handle: str
    name: str
    orders: int | None
    prices: Mapping[str, int] = field(hash=False)
    features: tuple[str, ...] = ()

    @property
    def free(self) -> bool:
        """Tell whether nothing is paid for it."""
        return not any(self.prices.values())

    def price(self, currency: str) -> int:
        """Return what a month costs in one of ``CURRENCIES``, in minor units."""
        return self.prices[currency]


EVERYTHING = (
    sentence("All four widgets, with every setting"),
    sentence("All languages, reports and exports"),
)


def _plan(handle: str, name: str, orders: int | None, price: int) -> Plan:
    prices = MappingProxyType(dict.fromkeys(CURRENCIES, price))
    return Plan(handle, name, orders, prices, EVERYTHING)


PLANS = (
    _plan("free", sentence("Free"), 250, 0),
    _plan("small", sentence("Small"), 1_000, 19_00),
    _plan("medium", sentence("Medium"), 5_000, 59_00),
    _plan("large", sentence("Large"), None, 149_00),
)
FREE = PLANS[0]


def plan_of(handle: str | None) -> Plan | None:
    """Return the plan of that handle; None where the code does not know it, or no longer."""
    return next((plan for plan in PLANS if plan.handle == handle), None)


def currency_for(shop_currency: str) -> str:
    """Return which of ``CURRENCIES`` a shop with this currency pays in."""
    return shop_currency if shop_currency in CURRENCIES else CURRENCIES[-1]
