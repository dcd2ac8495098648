"""What is said before an order: when one of now arrives at the destination that the visitor chose, and why then."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta

from plugin.language import COUNTRIES, Language, sentence
from widgets.base import Context, Surface
from widgets.delivery.calendar import NeverOpen, Region
from widgets.delivery.learned import ENOUGH, Learned
from widgets.delivery.planning import Asked, Plan, plan
from widgets.delivery.postal import code, province
from widgets.delivery.reasons import why
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.shown import DeliveryView, Destination, Kept, Postal, Where
from widgets.delivery.wording import by, kept_text, odds, percent, span

MOST_PRODUCTS = 50
ANYWHERE = "*"

NO_DAY = sentence("We name no day for this destination yet.")
LATER = sentence("We will tell you the day here, as soon as your parcel is on its way.")

_COUNTRY = re.compile(r"[A-Za-z]{2}")


def quote(
    ctx: Context, settings: DeliverySettings, learned: Learned | None = None, kept: Kept | None = None
) -> DeliveryView | None:
    """Return when an order of now would arrive; None while the merchant has named no lane at all."""
    if not settings.enabled or not settings.lanes:
        return None
    country, products = _country(ctx, settings), _products(ctx.params.get("product", ""))
    where, state = _where(ctx, settings, country), province(country, ctx.params.get("zip", ""))
    try:
        found = plan(settings, ctx.settings.zone, Asked(ctx.now, country, state, products), learned)
    except NeverOpen:
        found = None
    if found is None:
        return DeliveryView(
            state="unknown",
            title=ctx.language.gettext(NO_DAY),
            text=ctx.language.gettext("You will hear it from us as soon as your parcel is on its way."),
            where=where,
        )
    shown = _promised(ctx, settings, found, Region(country, state), where)
    told = kept_text(ctx.language, kept)
    return replace(shown, kept_rate=kept, kept_text=told, why=(*shown.why, told) if told else shown.why)


def _promised(
    ctx: Context, settings: DeliverySettings, found: Plan, to: Region, where: Where | None
) -> DeliveryView:
    language, zone, days = ctx.language, ctx.settings.zone, found.promise
    today = ctx.now.astimezone(zone).date()
    chance = None if found.chance is None or found.events < ENOUGH else found.chance
    foreign = to.country != settings.from_.country
    reasons = why(
        language,
        days.reasons,
        carrier=found.lane.carrier,
        cutoff=settings.cutoff_times[today.weekday()],
        origin=settings.from_,
        destination=to,
        today=today,
    )
    return DeliveryView(
        state="promised",
        title=language.gettext("With you %(days)s", days=span(language, days.earliest, days.latest, today)),
        text=_until(language, found.lane.carrier, days.order_by.astimezone(zone), today, foreign=foreign),
        note=None if chance is None else likely(language, chance, days.latest, today),
        earliest=days.earliest,
        latest=days.latest,
        carrier=found.lane.carrier,
        chance=None if chance is None else percent(chance),
        why_text=language.gettext("Why this day?"),
        why=reasons,
        where=where,
        postal=_postal(ctx, to.country),
    )


def likely(language: Language, chance: float, latest: date, today: date) -> str | None:
    """Return how many of ten such parcels arrive by that day, rounded down; None where that is no comfort."""
    share = odds(language, chance)
    if share is None:
        return None
    return language.gettext(
        "%(some)s of %(all)s parcels like yours arrive by %(day)s.",
        some=share[0],
        all=share[1],
        day=by(language, latest, today),
    )


def _until(language: Language, carrier: str, order_by: datetime, today: date, *, foreign: bool) -> str:
    """Say until when an order keeps this day: a time that stands still, and whose clock it is on where that differs."""
    time = language.time(order_by.time())
    if foreign:
        time = language.gettext("%(time)s our time", time=time)
    if order_by.date() == today:
        return language.gettext("By %(carrier)s, if you order by %(time)s today.", carrier=carrier, time=time)
    if order_by.date() == today + timedelta(days=1):
        return language.gettext(
            "By %(carrier)s, if you order by %(time)s tomorrow.", carrier=carrier, time=time
        )
    day = language.spoken(order_by.date(), year=order_by.year != today.year)
    return language.gettext(
        "By %(carrier)s, if you order by %(day)s, %(time)s.", carrier=carrier, day=day, time=time
    )


def _postal(ctx: Context, country: str) -> Postal | None:
    """Offer a postal code where it says which holidays count; it is in nobody's hands but the visitor's."""
    if country != "DE" or ctx.surface not in {Surface.STOREFRONT, Surface.PRODUCT, Surface.CART}:
        return None
    return Postal(ctx.language.gettext("Postal code"), code(country, ctx.params.get("zip", "")))


def _country(ctx: Context, settings: DeliverySettings) -> str:
    given = ctx.params.get("country", "")
    if _COUNTRY.fullmatch(given):
        return given.upper()
    return ctx.shop.country or settings.from_.country


def _products(text: str) -> tuple[int, ...]:
    numbers = [
        part for part in text.split(",", MOST_PRODUCTS)[:MOST_PRODUCTS] if part.isascii() and part.isdigit()
    ]
    return tuple(int(number) for number in numbers if len(number) < 20)


def _where(ctx: Context, settings: DeliverySettings, country: str) -> Where | None:
    """Offer every destination of a lane, and the visitor's own; nothing where that is a single one."""
    language = ctx.language
    named = {code for lane in settings.lanes for code in lane.countries}
    codes = (COUNTRIES | named if ANYWHERE in named else named) - {ANYWHERE} | {country}
    if len(codes) == 1:
        return None
    kept = {name: ctx.params.get(name, "") for name in ("locale", "product")}
    return Where(
        label=language.gettext("Deliver to"),
        button=language.gettext("Show"),
        chosen=country,
        countries=tuple(Destination(*one) for one in language.by_name(codes)),
        action=f"{ctx.prefix}/widgets/delivery" if ctx.prefix else "",
        hidden=tuple((name, value) for name, value in kept.items() if value),
    )
