"""Amounts of money as integers in the currency's minor unit, by the exponents of ISO 4217."""

from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow

_EXPONENTS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),
        0,
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}

_EXACT = Context(prec=40, traps=[Inexact, InvalidOperation, Overflow])
"""Reads and scales without ever rounding: what it cannot hold is refused."""


def exponent(currency: str) -> int:
    """Return the number of decimal places of the currency in ISO 4217 (2 where none is listed)."""
    return _EXPONENTS.get(currency, 2)


def minor(amount: str | int | Decimal, currency: str) -> int:
    """Return ``amount`` (units) in minor units; ValueError unless it is a whole number of them."""
    try:
        scaled = _EXACT.scaleb(_EXACT.create_decimal(amount), exponent(currency))
    except DecimalException as error:
        raise ValueError("an amount of money is not a number") from error
    if not scaled.is_finite() or scaled != scaled.to_integral_value() or abs(scaled) >= 2**62:
        raise ValueError(f"an amount of money has a fraction of a {currency} minor unit or is too large")
    return int(scaled)


def major(amount: int, currency: str) -> Decimal:
    """Return ``amount`` (minor units) as a decimal number of units."""
    return Decimal(amount).scaleb(-exponent(currency))
