"""What every place says of a coupon in the same words."""

from typing import Any

from sqlalchemy import Row

from plugin.language import Language


def value(row: Row[Any], language: Language) -> str:
    """Return what a coupon takes off, from its discount's ``kind``, ``value`` and ``currency``: 10 %, 5 €."""
    if row.kind == "percentage":
        return language.percent(row.value)
    return language.money(row.value, row.currency)


def limits(language: Language) -> str:
    """Return that a coupon is not for everything."""
    return language.gettext("It holds for selected products.")
