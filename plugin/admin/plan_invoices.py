"""The invoices on the plan's page: fetched from the vendor within a bounded wait, and put into words."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from plugin.admin.desk import Desk
from plugin.billing.protocol import Invoice
from plugin.errors import AppError

PATIENCE = 1.5
"""Seconds that the page waits for a vendor's list of invoices, beside the wait for the plan itself."""


@dataclass(frozen=True, slots=True)
class InvoiceView:
    """An invoice in words, and where it is."""

    title: str
    amount: str
    state: str
    href: str


async def invoiced(desk: Desk) -> Sequence[Invoice] | None:
    """Return the vendor's list; None while it cannot be had."""
    billing = desk.runtime.billing
    if not billing.can.invoices:
        return ()
    try:
        async with asyncio.timeout(PATIENCE):
            return await billing.invoices(desk.shop)
    except (AppError, TimeoutError):
        return None


def in_words(desk: Desk, one: Invoice) -> InvoiceView:
    """Return the invoice as the page shows it."""
    gettext = desk.language.gettext
    states = {
        "open": gettext("open"),
        "paid": gettext("paid"),
        "refunded": gettext("refunded"),
        "void": gettext("void"),
    }
    title = gettext("%(number)s of %(day)s", number=one.number, day=desk.day(one.at))
    money = desk.language.money(one.amount, one.currency)
    return InvoiceView(title, money, states.get(one.state, one.state), one.page or one.file or "")
