"""What a vendor of payment does for a shop, whichever it is; the pages draw from its abilities, never from its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from plugin.billing.plans import Plan
from plugin.shops import Shop


@dataclass(frozen=True, slots=True)
class Abilities:
    """What can be asked of the vendor; ``needed`` is false where nobody pays and every plan's limit is none.

    ``begins``: ``begin`` takes a shop without a paid plan to a page where it pays for one. ``changes``: ``change``
    works here, rather than on the vendor's own page, and ``previews`` says before what it costs. ``cancels`` and
    ``resumes`` likewise. ``manages``: there is a page of the vendor's for everything else. ``invoices``: they are listed.
    ``taxed``: tax is added to the prices.
    """

    needed: bool = True
    begins: bool = False
    previews: bool = False
    changes: bool = False
    cancels: bool = False
    resumes: bool = False
    manages: bool = False
    invoices: bool = False
    taxed: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan at its price, in minor units a month."""

    plan: Plan
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change of plan would cost: ``now`` at once (below 0: to your credit) and ``monthly`` from ``at`` on.

    ``until`` is when the calculation no longer holds; ``token`` is the vendor's, handed back with the change so that
    what was shown is what is charged.
    """

    plan: Plan
    currency: str
    now: int
    monthly: int
    at: datetime
    until: datetime | None = None
    token: str = ""


@dataclass(frozen=True, slots=True)
class Invoice:
    """One invoice; ``state`` is ``open``, ``paid``, ``refunded`` or ``void``; the addresses are the vendor's own pages."""

    number: str
    at: datetime
    amount: int
    currency: str
    state: str
    page: str | None = None
    file: str | None = None


class Billing(Protocol):
    """The one way to a vendor. A write goes out once however often it is asked for within a minute.

    While the vendor cannot be asked, each raises Unavailable; what it refuses, or what ``can`` does not name, raises
    Conflict with one sentence. Nobody loses anything by either.
    """

    @property
    def kind(self) -> str:
        """The value of DANKBAR_BILLING that chose it."""

    @property
    def can(self) -> Abilities:
        """What may be asked of it."""

    async def refresh(self, shop: Shop, now: datetime) -> None:
        """Ask the vendor what is true and write it down by ``subscriptions.record``; ``now`` is when it was asked."""

    async def begin(self, shop: Shop, plan: Plan, currency: str, back: str, now: datetime) -> str:
        """Return the address, to be opened outside the iframe, where the shop takes the plan; it comes back to ``back``."""

    async def preview(self, shop: Shop, plan: Plan, now: datetime) -> Preview:
        """Return what changing to the plan would cost."""

    async def change(self, shop: Shop, plan: Plan, token: str, now: datetime) -> None:
        """Change to the plan as it was shown by the preview with this token, then write down what is true."""

    async def cancel(self, shop: Shop, now: datetime) -> None:
        """End the subscription with what is paid for, then write down what is true."""

    async def end(self, outside_id: str) -> None:
        """End a subscription now by the vendor's name for it: that of a shop whose own data is erased."""

    async def resume(self, shop: Shop, now: datetime) -> None:
        """Take back a cancellation that has not come into force, then write down what is true."""

    async def manage(self, shop: Shop, back: str) -> str | None:
        """Return the address of the vendor's own page for this shop, to be opened outside the iframe; None without one."""

    async def invoices(self, shop: Shop) -> Sequence[Invoice]:
        """Return the shop's newest invoices, the newest first, two dozen at most."""
