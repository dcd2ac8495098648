"""What a shopper sees of a delivery: two days, who brings it, and what happens where no day can be named."""

from sqlalchemy import Connection

from widgets.base import Context
from widgets.delivery import estimates
from widgets.delivery.followed import followed
from widgets.delivery.keeping import kept_rate
from widgets.delivery.quote import quote
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.shown import DeliveryView


def view(conn: Connection, ctx: Context, settings: DeliverySettings) -> DeliveryView | None:
    """Return when an order of now would arrive, or that of the page's order; None where nothing is promised."""
    if ctx.order is not None:
        return followed(conn, ctx, ctx.order)
    today = ctx.now.astimezone(ctx.settings.zone).date()
    learned, kept = estimates.current(conn, ctx.shop.id), kept_rate(conn, ctx.shop.id, today)
    return quote(ctx, settings, learned, kept)
