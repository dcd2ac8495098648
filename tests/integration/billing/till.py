"""A vendor that does all a vendor can: what it knows is told as it would be, what is asked of it is remembered."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from plugin.billing import subscriptions
from plugin.billing.plans import FREE, Plan
from plugin.billing.protocol import Abilities, Invoice, Preview
from plugin.billing.subscriptions import State, Told
from plugin.database import Database
from plugin.errors import Unavailable
from plugin.shops import Shop

ALL = Abilities(
    begins=True, previews=True, changes=True, cancels=True, resumes=True, manages=True, invoices=True
)


@dataclass
class Till:
    """``told`` is the truth of every shop; None is a vendor that does not answer."""

    db: Database
    told: Told | None
    can: Abilities = ALL
    kind: str = "till"
    begun: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    listed: Sequence[Invoice] = ()

    async def refresh(self, shop: Shop, now: datetime) -> None:
        if self.told is None:
            raise Unavailable("The till does not answer.")
        told = replace(self.told, checked_at=now)
        await self.db.write(lambda conn: subscriptions.record(conn, shop.id, told))

    async def begin(self, shop: Shop, plan: Plan, currency: str, back: str, now: datetime) -> str:
        self.begun.append(plan.handle)
        return f"https://till.example/{plan.handle}?currency={currency}"

    async def preview(self, shop: Shop, plan: Plan, now: datetime) -> Preview:
        return Preview(plan, "EUR", 12_34, plan.price("EUR"), now + timedelta(days=10), token="as shown")

    async def change(self, shop: Shop, plan: Plan, token: str, now: datetime) -> None:
        assert token == "as shown"
        self.told = replace(self.known, plan=plan.handle)
        await self.refresh(shop, now)

    async def cancel(self, shop: Shop, now: datetime) -> None:
        self.told = replace(self.known, state=State.CANCELLED, cancel_at=self.known.period_end)
        await self.refresh(shop, now)

    async def end(self, outside_id: str) -> None:
        self.ended.append(outside_id)

    async def resume(self, shop: Shop, now: datetime) -> None:
        self.told = replace(self.known, state=State.ACTIVE, cancel_at=None)
        await self.refresh(shop, now)

    async def manage(self, shop: Shop, back: str) -> str | None:
        return f"https://till.example/portal?back={back}"

    async def invoices(self, shop: Shop) -> Sequence[Invoice]:
        return self.listed

    @property
    def known(self) -> Told:
        assert self.told is not None
        return self.told


def nothing_taken(now: datetime) -> Told:
    """What a vendor says of a shop that never took a plan."""
    return Told(kind="till", state=State.NONE, checked_at=now, plan=FREE.handle)
