"""Amounts as Shopify writes them: decimal strings outside, integer minor units inside."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Body = dict[str, Any]

_NO_MINOR_UNIT = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(),
)
_THOUSANDTHS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())


def exponent(currency: str) -> int:
    """Return the number of decimal places of a currency (ISO 4217)."""
    if currency in _NO_MINOR_UNIT:
        return 0
    return 3 if currency in _THOUSANDTHS else 2


def minor(amount: str | Decimal, currency: str) -> int:
    """Turn a decimal amount into minor units; raises ValueError when it has a fraction of one."""
    scaled = Decimal(amount).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} is not a whole number of minor units of {currency}.")
    return int(scaled)


def nearest(amount: Decimal) -> int:
    """Round to a whole minor unit, halves away from zero."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def decimal(amount: int, currency: str) -> str:
    """Write minor units as webhooks do: ``4990`` euro cents are ``"49.90"``, ``100`` yen are ``"100"``."""
    return str(Decimal(amount).scaleb(-exponent(currency)))


def money_set(amount: int, currency: str) -> Body:
    """Write minor units as the bag webhooks use; shopper and shop pay in one currency here."""
    money = {"amount": decimal(amount, currency), "currency_code": currency}
    return {"shop_money": money, "presentment_money": dict(money)}


def of_set(bag: Body) -> int:
    """Read the shop's side of a bag back into minor units."""
    money = bag["shop_money"]
    return minor(money["amount"], money["currency_code"])


def graph_decimal(amount: str) -> str:
    """Write an amount as the Admin API does: no superfluous zeros but always one place (``"49.9"``, ``"5.0"``)."""
    number = Decimal(amount)
    if number == number.to_integral_value():
        return f"{number.quantize(Decimal(1))}.0"
    return str(number.normalize())


def spread(total: int, weights: list[int]) -> list[int]:
    """Share an amount out in proportion to the weights; the parts sum exactly to it, no part above its weight.

    The total must not exceed the sum of the weights. Largest remainders get the odd units, earlier lines first.
    """
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for index in by_remainder[: total - sum(parts)]:
        parts[index] += 1
    return parts
