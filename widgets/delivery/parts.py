"""The parts of what is said after an order: its case, each change, the steps of its way, each of its parcels."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from plugin.language import Language, sentence
from widgets.base import Context, OrderRef
from widgets.delivery.journey import Leg
from widgets.delivery.shown import Change, Days, Step, Travelling
from widgets.delivery.tables import DELIVERED, FAILED, LOST
from widgets.delivery.wording import span

ON_ITS_WAY = sentence("on its way")
STANDS: Mapping[str | None, str] = {
    DELIVERED: sentence("delivered"),
    LOST: sentence("no word from the carrier any more"),
    FAILED: sentence("on its way back to us"),
}
"""How a parcel stands, by how its journey ended."""

UNSAID = sentence("The carrier has not told us why.")
WHY = {
    "not_sent": sentence("It has not left us yet."),
    "sent_late": sentence("It left us later than planned."),
    "overdue": sentence("It did not arrive in time."),
    "carrier": sentence("The carrier is slower than usual."),
    "lost": sentence("The carrier has not scanned it for a long time."),
    "failed": sentence("The carrier could not deliver it."),
}
"""Why a promise was changed, in words."""


@dataclass(frozen=True, slots=True)
class Case:
    """One order as its page is about to show it; ``days`` are what is promised now, None where none can be named."""

    ctx: Context
    order: OrderRef
    promise: Any
    changes: Sequence[Any]
    parcels: Sequence[Leg]
    days: Days | None

    @property
    def language(self) -> Language:
        """How the page speaks."""
        return self.ctx.language

    @property
    def today(self) -> date:
        """The shop's day."""
        return self.ctx.now.astimezone(self.ctx.settings.zone).date()

    @property
    def on_its_way(self) -> Sequence[Leg]:
        """The parcels that have not ended."""
        return [leg for leg in self.parcels if leg.ended is None]

    @property
    def carrier(self) -> str | None:
        """Who brings it: as the parcel says, or as was promised."""
        named = next((leg.carrier for leg in (*self.on_its_way, *self.parcels) if leg.carrier), None)
        if named is not None or self.promise is None:
            return named
        carrier: str | None = json.loads(self.promise.inputs).get("carrier")
        return carrier

    def day(self, day: date) -> str:
        """Return a day in words."""
        return self.language.spoken(day, year=day.year != self.today.year)

    def span(self, days: Days) -> str:
        """Return a promise in words."""
        return span(self.language, days.earliest, days.latest, self.today)


def change(case: Case, row: Any) -> Change:
    """Return one change of the promise, with its day and its reason."""
    language, on = case.language, row.at.astimezone(case.ctx.settings.zone).date()
    why = language.gettext(WHY.get(row.reason, UNSAID))
    if row.latest is None:
        text = language.gettext("%(on)s: no day can be named. %(why)s", on=language.date(on), why=why)
    else:
        days = span(language, row.earliest, row.latest, case.today)
        text = language.gettext("%(on)s: now %(days)s. %(why)s", on=language.date(on), days=days, why=why)
    return Change(on, row.reason, row.earliest, row.latest, text)


def steps(case: Case, days: Days | None) -> tuple[Step, ...]:
    """Return the way from order to delivery, done as far as the facts say; ``days`` are promised now."""
    language, promise = case.language, case.promise
    if promise is None:
        return ()
    ordered = promise.ordered_at.astimezone(case.ctx.settings.zone).date()
    sent = promise.handed_over_on
    if promise.delivered_on is not None:
        arrival = language.date(promise.delivered_on)
    else:
        arrival = "" if days is None else language.between(days.earliest, days.latest)
    return (
        Step(language.gettext("Ordered"), language.date(ordered), done=True),
        Step(
            language.gettext("Handed over"),
            language.date(sent or promise.hand_over_by) if sent or not case.parcels else "",
            done=sent is not None,
        ),
        Step(language.gettext("With you"), arrival, done=promise.delivered_on is not None),
    )


def travelling(case: Case) -> tuple[Travelling, ...]:
    """Return each parcel of the order; only a safe address becomes a link."""
    language = case.language
    known = {parcel.id: parcel for parcel in case.order.state.parcels}
    found = []
    for number, leg in enumerate(case.parcels, 1):
        stands = language.gettext(STANDS.get(leg.ended, ON_ITS_WAY))
        found.append(
            Travelling(
                name=language.gettext("Parcel %(number)s of %(all)s", number=number, all=len(case.parcels)),
                text=f"{leg.carrier}, {stands}" if leg.carrier else stands,
                tracking_url=_safe(known[leg.number].url),
                done=leg.ended == DELIVERED,
            )
        )
    return tuple(found)


def _safe(url: str | None) -> str | None:
    return url if url is not None and url.startswith("https://") else None
