"""What a merchant's times come to, said beside them: an order of now, of a Friday afternoon, of just before Christmas."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from plugin.language import Language
from plugin.settings import ShopSettings
from widgets.delivery.calendar import NeverOpen
from widgets.delivery.planning import Asked, plan
from widgets.delivery.settings import DeliverySettings
from widgets.delivery.wording import span

FRIDAY = 4
ELSEWHERE = "ZZ"
"""A country that no lane names."""


def notes(
    settings: DeliverySettings, shop: ShopSettings, language: Language, now: datetime
) -> Mapping[str, str]:
    """Return for each lane when three orders would arrive by the merchant's own times, and the time on their clock."""
    local = now.astimezone(shop.zone)
    said = {"cutoff": language.gettext("It is %(time)s there now.", time=language.time(local.time()))}
    moments = (now, _next_friday(local), _before_christmas(local))
    for place, lane in enumerate(settings.lanes):
        country = next((one for one in lane.countries if one != "*"), ELSEWHERE)
        try:
            days = [_days(settings, shop, language, moment, country, local.date()) for moment in moments]
        except NeverOpen:
            said[f"lanes[{place}].max"] = language.gettext(
                "With these days nothing is ever sent or delivered."
            )
            continue
        said[f"lanes[{place}].max"] = language.gettext(
            "Ordered now: %(now)s. On a Friday at 15:00: %(friday)s. On 23 December at 10:00: %(christmas)s.",
            now=days[0],
            friday=days[1],
            christmas=days[2],
        )
    return said


def _days(
    settings: DeliverySettings,
    shop: ShopSettings,
    language: Language,
    moment: datetime,
    country: str,
    today: date,
) -> str:
    found = plan(settings, shop.zone, Asked(moment, country))
    return "" if found is None else span(language, found.promise.earliest, found.promise.latest, today)


def _next_friday(local: datetime) -> datetime:
    day = local.date() + timedelta(days=(FRIDAY - local.weekday()) % 7)
    found = datetime.combine(day, time(15), local.tzinfo)
    return found if found > local else found + timedelta(days=7)


def _before_christmas(local: datetime) -> datetime:
    found = datetime.combine(date(local.year, 12, 23), time(10), local.tzinfo)
    return found if found > local else found.replace(year=local.year + 1)
