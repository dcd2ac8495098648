"""Where a shopper goes from here: their account at the shop, and the statement of their points."""

from widgets.addresses import page_url
from widgets.base import Context


def account_url(ctx: Context) -> str:
    """Return the shop's account page; whoever is not signed in signs in there with their e-mail address."""
    return "/account" if ctx.prefix else f"https://{ctx.shop.host}/account"


def statement_url(ctx: Context) -> str:
    """Return the page of all entries, in the language of this one."""
    return page_url(ctx, "loyalty/statement")


def guest_text(ctx: Context, earned: int) -> str | None:
    """Return how to get at the points of the order; None for whoever is signed in, or where there are none.

    A guest's e-mail address is what makes the points theirs; nothing has to be done for the coupon.
    """
    if ctx.customer_id is not None or ctx.order is None or earned <= 0:
        return None
    return ctx.language.gettext(
        "To see and spend your points, sign in to the shop with the e-mail address of this order."
    )
