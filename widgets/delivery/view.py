"""What a shopper sees of a delivery: two days, who brings it, and what happens where no day can be named."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from plugin.language import sentence
from widgets.base import Context
from widgets.delivery.planning import Asked, plan
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.wording import span

LATER = sentence("We will tell you the day here, as soon as your parcel is on its way.")


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """All texts are finished."""

    state: str
    title: str
    text: str
    earliest: date | None = None
    latest: date | None = None
    carrier: str | None = None


def view(conn: Connection, ctx: Context, settings: DeliverySettings) -> DeliveryView | None:
    """Return when an order of now would arrive, or that of the page's order; None where nothing is promised."""
    if ctx.order is not None:
        text = ctx.language.gettext(LATER)
        return DeliveryView(state="unknown", title=ctx.language.gettext("Delivery"), text=text)
    if not settings.enabled:
        return None
    country = ctx.params.get("country", "").upper() or None
    found = plan(settings, ctx.settings.zone, Asked(ctx.now, country))
    if found is None:
        return None
    days = found.promise
    return DeliveryView(
        state="promised",
        title=ctx.language.gettext("Delivery"),
        text=ctx.language.gettext("With you %(days)s.", days=span(ctx.language, days.earliest, days.latest)),
        earliest=days.earliest,
        latest=days.latest,
        carrier=found.lane.carrier,
    )
