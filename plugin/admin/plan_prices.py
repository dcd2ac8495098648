"""A plan's price in words: what is said of it names its tax wherever the vendor adds one."""

from plugin.admin.desk import Desk


def net(desk: Desk, amount: int, currency: str) -> str:
    """Return a price to which the vendor adds tax, or nothing."""
    money = desk.language.money(amount, currency)
    return desk.language.gettext("%(amount)s plus tax", amount=money) if _taxed(desk) else money


def gross(desk: Desk, amount: int, currency: str) -> str:
    """Return a sum as it is charged or credited."""
    money = desk.language.money(amount, currency)
    return desk.language.gettext("%(amount)s with tax", amount=money) if _taxed(desk) else money


def _taxed(desk: Desk) -> bool:
    return desk.runtime.billing.can.taxed
