"""DANKBAR_BILLING=none: nobody pays, so that every shop has everything without a plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from plugin.billing.plans import Plan
from plugin.billing.protocol import Abilities, Invoice, Preview
from plugin.errors import Conflict
from plugin.language import sentence
from plugin.shops import Shop

_NOTHING = Abilities(needed=False)
_NO_PLAN = sentence("No plan is needed here: everything is yours.")


@dataclass(frozen=True, slots=True)
class Nobody:
    """Keeps no books of payment and asks nobody."""

    kind: str = "none"
    can: Abilities = _NOTHING

    async def refresh(self, shop: Shop, now: datetime) -> None:
        """Do nothing: there is nothing to know."""

    async def begin(self, shop: Shop, plan: Plan, currency: str, back: str, now: datetime) -> str:
        """Refuse."""
        _refuse()

    async def preview(self, shop: Shop, plan: Plan, now: datetime) -> Preview:
        """Refuse."""
        _refuse()

    async def change(self, shop: Shop, plan: Plan, token: str, now: datetime) -> None:
        """Refuse."""
        _refuse()

    async def cancel(self, shop: Shop, now: datetime) -> None:
        """Refuse."""
        _refuse()

    async def end(self, outside_id: str) -> None:
        """Do nothing: nobody has anything to end."""

    async def resume(self, shop: Shop, now: datetime) -> None:
        """Refuse."""
        _refuse()

    async def manage(self, shop: Shop, back: str) -> str | None:
        """Return None."""
        return None

    async def invoices(self, shop: Shop) -> Sequence[Invoice]:
        """Return none."""
        return ()


NOBODY = Nobody()


def _refuse() -> NoReturn:
    raise Conflict(_NO_PLAN)
