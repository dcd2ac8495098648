"""A card to print: the code with its picture for a telephone, what it is worth and its terms, on one page of A6.

Nobody opens it by a code alone. Whoever has proved to be shown a code gets a link that says so for a day.
"""

import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import segno
from markupsafe import Markup
from sqlalchemy import Connection, Row, Select, bindparam, select

from plugin.crypto import keyed_hash
from plugin.errors import NotFound
from plugin.language import Language, sentence
from widgets.addresses import page_url
from widgets.base import Context, Page
from widgets.coupon import uses, wording
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import GIVEN, coupon, coupon_code, coupon_node

LIFETIME = timedelta(days=1)
"""For how long a link opens the card, at least; at most an hour more."""

_HOUR = 3600
_CARD: Select[Any] = (
    select(
        coupon.c.expires_on,
        coupon_node.c.kind,
        coupon_node.c.value,
        coupon_node.c.minimum,
        coupon_node.c.currency,
        coupon_node.c.goods,
        coupon_code.c.code,
    )
    .select_from(coupon_code)
    .join(coupon, coupon.c.order_ref == coupon_code.c.order_ref)
    .join(coupon_node, coupon_node.c.id == coupon_code.c.node_id)
    .where(
        coupon_code.c.shop_id == bindparam("shop"),
        coupon_code.c.code == bindparam("code"),
        coupon_code.c.state == GIVEN,
        ~coupon.c.void,
        ~uses.IS_USED,
    )
)

_TERMS = {
    (False, False): sentence("Valid once until %(date)s."),
    (False, True): sentence("Valid once until %(date)s, on selected products."),
    (True, False): sentence("Valid once until %(date)s, from %(minimum)s."),
    (True, True): sentence("Valid once until %(date)s, from %(minimum)s, on selected products."),
}
_ENDED = sentence("This link worked for a day. Please open the card once more from your order's page.")


@dataclass(frozen=True, slots=True)
class CardView:
    """Everything on the card; ``picture`` is the address of the code as a QR code, drawn in place."""

    shop: str
    value: str
    code: str
    terms: str
    picture: Markup


def card_url(ctx: Context, code: str) -> str | None:
    """Return the link to a code's card for whoever is shown the code; None where nothing was proved with a key."""
    if not ctx.key:
        return None
    until = (int((ctx.now + LIFETIME).timestamp()) // _HOUR + 1) * _HOUR
    return page_url(ctx, "coupon/card", code=code, until=until, proof=_proof(ctx.key, code, until))


def view(conn: Connection, ctx: Context, settings: CouponSettings) -> CardView | None:
    """Return the card that the link is for; None for a link that was not made here, or a code that works no longer.

    Raises NotFound for a link that has ended.
    """
    code, until = ctx.params.get("code", ""), ctx.params.get("until", "")
    if not ctx.key or not (until.isascii() and until.isdigit() and len(until) <= 11):
        return None
    expected = _proof(ctx.key, code, int(until))
    if not hmac.compare_digest(expected.encode(), ctx.params.get("proof", "").encode()):
        return None
    if datetime.fromtimestamp(int(until), UTC) < ctx.now:
        raise NotFound(ctx.language.gettext(_ENDED))
    row = conn.execute(_CARD, {"shop": ctx.shop.id, "code": code}).one_or_none()
    if row is None or row.expires_on < ctx.now.astimezone(ctx.settings.zone).date():
        return None
    return CardView(
        shop=ctx.shop.name or ctx.shop.host,
        value=ctx.language.gettext("%(value)s off", value=wording.value(row, ctx.language)),
        code=row.code,
        terms=terms(row, ctx.language),
        picture=picture(f"https://{ctx.shop.host}/discount/{quote(row.code, safe='')}?redirect=/"),
    )


def terms(row: Row[Any], language: Language) -> str:
    """Return in one sentence until when, from what amount and on what a code holds."""
    day = language.long_date(row.expires_on)
    minimum = language.money(row.minimum, row.currency)
    return language.gettext(_TERMS[bool(row.minimum), bool(row.goods)], date=day, minimum=minimum)


def picture(address: str) -> Markup:
    """Return an address as a QR code: SVG to stand in a page, black on white in any theme."""
    drawn = segno.make(address, error="m", micro=False)
    return Markup(drawn.svg_inline(border=2, dark="#000", light="#fff", omitsize=True, svgclass="qr"))  # noqa: S704  segno escapes nothing, and an SVG path holds no text


def _proof(key: bytes, code: str, until: int) -> str:
    return keyed_hash(key, f"card:{code}:{until}")


CARD = Page(
    path="card",
    title=sentence("Your coupon to print"),
    view=view,
    template="card.html",
    signed_in=False,
    in_theme=False,
)
