"""What a coupon may be worth, so that no order is free and earns a coupon again (semantics C 18)."""

from plugin.setting_errors import WrongField
from plugin.setting_input import sentence

HIGHEST = 10**12
"""More minor units than any cart holds."""


def check_worth(kind: str, value: int, minimum: int, fields: tuple[str, str]) -> None:
    """Refuse a share over the whole, and an amount that the minimum does not exceed; raises WrongField for a field."""
    if kind == "percentage" and value > 100:
        raise WrongField(fields[0], sentence("Enter at most 100 percent."))
    if kind == "amount" and minimum <= value:
        raise WrongField(fields[1], sentence("A fixed amount needs a minimum order value above it."))
