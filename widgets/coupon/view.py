"""What a shopper sees of a coupon: a value, a code, a date, and in every state why."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Row, bindparam, literal, select

from plugin.core.orders import OrderState
from plugin.language import Language, sentence
from widgets.base import Context, Surface
from widgets.coupon import reminder, wording
from widgets.coupon.card import Stamps, card
from widgets.coupon.owed import Refusal, is_void
from widgets.coupon.printing import card_url
from widgets.coupon.settings import CouponSettings
from widgets.coupon.tables import OF_COUPON, REPLACED, coupon, coupon_code, coupon_node, coupon_use

_ANY = coupon_code.alias("any_code")
_USED = (
    select(literal(1))
    .select_from(coupon_use.join(_ANY, _ANY.c.id == coupon_use.c.code_id))
    .where(_ANY.c.order_ref == coupon.c.order_ref)
    .correlate(coupon)
    .exists()
)
_REPLACED = (
    select(literal(1))
    .where(_ANY.c.order_ref == coupon.c.order_ref, _ANY.c.state == REPLACED)
    .correlate(coupon)
    .exists()
)
_READ = (
    select(
        coupon.c.doubt,
        coupon.c.refusal,
        coupon.c.expires_on,
        coupon_node.c.kind,
        coupon_node.c.value,
        coupon_node.c.minimum,
        coupon_node.c.currency,
        coupon_node.c.goods,
        coupon_code.c.code,
        _USED.label("used"),
        _REPLACED.label("replaced"),
    )
    .outerjoin(coupon_node, coupon_node.c.id == coupon.c.node_id)
    .outerjoin(
        coupon_code,
        (coupon_code.c.order_ref == coupon.c.order_ref) & coupon_code.c.state.in_(OF_COUPON),
    )
    .where(coupon.c.order_ref == bindparam("ref"))
)

_WHY = {
    Refusal.SOURCE: sentence("Coupons come with orders from our online shop."),
    Refusal.MINIMUM: sentence("There is a coupon with every order from %(minimum)s."),
    Refusal.FIRST: sentence("There is a coupon with a first order."),
    Refusal.CAP: sentence("This month's coupons have all been given out."),
}


@dataclass(frozen=True, slots=True)
class CouponView:
    """All texts are finished; ``shown`` is False where a page has nothing worth a shopper's while."""

    state: str
    title: str
    text: str
    code: str | None = None
    value_text: str | None = None
    expires_on: date | None = None
    apply_url: str | None = None
    note: str | None = None
    apply_text: str | None = None
    copy_text: str | None = None
    copied_text: str | None = None
    shown: bool = True
    stamps: Stamps | None = None
    print_url: str | None = None
    print_text: str | None = None


def view(conn: Connection, ctx: Context, settings: CouponSettings) -> CouponView | None:
    """Return the coupon that the page is about, with its own customer's stamp card; None without either."""
    found, stamps = _coupon(conn, ctx, settings), card(conn, ctx, settings)
    if stamps is None:
        return found
    if found is None or not found.shown:
        title = ctx.language.gettext("Your stamp card")
        state = found.state if found else "none"
        return CouponView(state=state, title=title, text=stamps.label, stamps=stamps)
    return replace(found, stamps=stamps)


def _coupon(conn: Connection, ctx: Context, settings: CouponSettings) -> CouponView | None:
    """Return the coupon of the order the page is about; where it is about none, the signed-in customer's next one."""
    if ctx.order is None:
        found = ctx.customer_id and reminder.waiting(conn, ctx.shop.id, ctx.customer_id, _today(ctx))
        return _waiting(found, ctx) if found else None
    row = conn.execute(_READ, {"ref": ctx.order.ref}).one_or_none()
    language = ctx.language
    if row is not None and row.used:
        return _with_value(
            "redeemed",
            language.gettext("Thank you for coming back."),
            language.gettext("Your coupon has been used."),
            row,
            language,
        )
    if is_void(ctx.order.state):
        return _void(ctx.order.state, row, language)
    if row is not None and row.doubt is not None:
        return _open(language)
    if row is None or row.refusal is not None:
        return _none(row, settings, language)
    if row.expires_on < _today(ctx):
        return _over(row, language)
    return _pending(row, language) if row.code is None else _ready(row, ctx)


def _waiting(row: Row[Any], ctx: Context) -> CouponView:
    language = ctx.language
    title = language.gettext("Your code is waiting.")
    text = language.gettext("%(value)s off your next order.", value=wording.value(row, language))
    return _usable(title, text, _until(row, language), row, ctx)


def _ready(row: Row[Any], ctx: Context) -> CouponView:
    language = ctx.language
    title = language.gettext("Thank you for your order.")
    text = language.gettext(
        "%(value)s off your next order, no sign-up needed.", value=wording.value(row, language)
    )
    if row.replaced:
        instead = language.gettext("Your earlier code no longer works; this one takes its place.")
        text = f"{text} {instead}"
    return _usable(title, text, _validity(row, language), row, ctx)


def _usable(title: str, text: str, note: str, row: Row[Any], ctx: Context) -> CouponView:
    """In the shop a path is enough, on whatever domain it is; elsewhere the link names the one that every shop has."""
    language, path = ctx.language, f"/discount/{quote(row.code, safe='')}?redirect=/"
    if ctx.surface is Surface.STOREFRONT:
        apply_url, apply_text = path, language.gettext("Use it now")
    else:
        apply_url, apply_text = f"https://{ctx.shop.host}{path}", language.gettext("Use it in the shop")
    return CouponView(
        state="ready",
        title=title,
        text=text,
        code=row.code,
        value_text=wording.value(row, language),
        expires_on=row.expires_on,
        apply_url=apply_url,
        note=note,
        apply_text=apply_text,
        copy_text=language.gettext("Copy"),
        copied_text=language.gettext("Copied"),
        print_url=(sheet := card_url(ctx, row.code)),
        print_text=language.gettext("Print as a card") if sheet else None,
    )


def _pending(row: Row[Any], language: Language) -> CouponView:
    return CouponView(
        state="pending",
        title=language.gettext("Thank you for your order."),
        text=language.gettext(
            "%(value)s off your next order is yours. We are still making the code; it will be here.",
            value=wording.value(row, language),
        ),
        value_text=wording.value(row, language),
        expires_on=row.expires_on,
        note=_validity(row, language),
    )


def _open(language: Language) -> CouponView:
    return CouponView(
        state="pending",
        title=language.gettext("Thank you for your order."),
        text=language.gettext("We are looking up which coupon goes with it; it will be here."),
    )


def _over(row: Row[Any], language: Language) -> CouponView:
    """Past its date a code is still the order's; where there never was one, nothing is owed any more."""
    return CouponView(
        state="none" if row.code is None else "ready",
        title=language.gettext("Your coupon"),
        text=language.gettext("It was valid until %(date)s.", date=language.long_date(row.expires_on)),
        code=row.code,
        value_text=wording.value(row, language),
        expires_on=row.expires_on,
    )


def _void(state: OrderState, row: Row[Any] | None, language: Language) -> CouponView:
    title = language.gettext("Your coupon")
    undone = state.deleted or state.facts.cancelled_at is not None or state.facts.status == "voided"
    text = (
        language.gettext("This order was cancelled, so there is no coupon with it.")
        if undone
        else language.gettext("This order was refunded, so there is no coupon with it.")
    )
    if row is None or row.refusal is not None or row.doubt is not None:
        return CouponView(state="void", title=title, text=text, shown=False)
    return _with_value("void", title, text, row, language)


def _none(row: Row[Any] | None, settings: CouponSettings, language: Language) -> CouponView:
    title = language.gettext("Your coupon")
    if row is None:
        text = (
            language.gettext("There is no coupon with this order.")
            if settings.enabled
            else language.gettext("There are no coupons at the moment.")
        )
        return CouponView(state="none", title=title, text=text, shown=False)
    why = Refusal(row.refusal)
    minimum = language.money(row.minimum, row.currency)
    text = language.gettext(_WHY.get(why, "There is no coupon with this order."), minimum=minimum)
    return CouponView(state="none", title=title, text=text, shown=why is Refusal.MINIMUM)


def _with_value(state: str, title: str, text: str, row: Row[Any], language: Language) -> CouponView:
    value = wording.value(row, language)
    return CouponView(state=state, title=title, text=text, value_text=value, expires_on=row.expires_on)


def _today(ctx: Context) -> date:
    return ctx.now.astimezone(ctx.settings.zone).date()


def _validity(row: Row[Any], language: Language) -> str:
    once = language.gettext("It works once, and you may pass it on.")
    return f"{_until(row, language)} {once}"


def _until(row: Row[Any], language: Language) -> str:
    day = language.long_date(row.expires_on)
    if row.minimum:
        minimum = language.money(row.minimum, row.currency)
        said = language.gettext("Valid until %(date)s, from %(minimum)s.", date=day, minimum=minimum)
    else:
        said = language.gettext("Valid until %(date)s.", date=day)
    return f"{said} {wording.limits(language)}" if row.goods else said
