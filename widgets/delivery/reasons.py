"""Why a parcel arrives on that day and not before: what the calculus met on its way, in sentences."""

from collections.abc import Iterable
from datetime import date, time

from plugin.language import Language
from widgets.delivery.calendar import CLOSURE, HOLIDAY, ONE, WEEKEND, Region, holiday_name, holidays_of
from widgets.delivery.promise import (
    CARRIER_CLOSED,
    CUTOFF,
    DISPATCH_CLOSED,
    HANDLING,
    PREORDER,
    TRANSIT,
    Reason,
)
from widgets.delivery.wording import span

FEW = 3
"""Days that are named one by one."""


def why(
    language: Language,
    reasons: Iterable[Reason],
    *,
    carrier: str,
    cutoff: time,
    origin: Region,
    destination: Region,
    today: date,
) -> tuple[str, ...]:
    """Return a sentence for each kind of reason, and for each holiday its own with its name."""
    kinds: dict[str, list[Reason]] = {}
    for reason in reasons:
        kinds.setdefault(reason.kind, []).append(reason)
    found: list[str] = []
    for kind, group in kinds.items():
        days, count = [one.day for one in group if one.day is not None], group[0].count
        if kind == CUTOFF:
            found.append(language.gettext("Today's orders closed at %(time)s.", time=language.time(cutoff)))
        elif kind == PREORDER:
            found.append(language.gettext("It is here from %(day)s.", day=_days(language, days, today)))
        elif kind == HANDLING:
            found.append(
                language.ngettext(
                    "Packing takes us %(n)s working day at most.",
                    "Packing takes us %(n)s working days at most.",
                    count,
                )
            )
        elif kind == TRANSIT:
            found.append(
                language.ngettext(
                    "%(carrier)s takes %(n)s day at most.",
                    "%(carrier)s takes %(n)s days at most.",
                    count,
                    carrier=carrier,
                )
            )
        else:
            where = origin if kind.startswith(DISPATCH_CLOSED) else destination
            found += _closed(language, kind, days, where, carrier, today)
    return tuple(found)


def _closed(
    language: Language, kind: str, days: list[date], where: Region, carrier: str, today: date
) -> list[str]:
    if kind in {f"{DISPATCH_CLOSED}_{HOLIDAY}", f"{CARRIER_CLOSED}_{HOLIDAY}"}:
        return [_holiday(language, day, where, today) for day in days]
    said = _days(language, days, today)
    if kind == f"{DISPATCH_CLOSED}_{WEEKEND}":
        return [language.gettext("%(days)s: nothing is sent.", days=said)]
    if kind == f"{DISPATCH_CLOSED}_{CLOSURE}":
        return [language.gettext("%(days)s: we are closed.", days=said)]
    return [language.gettext("%(days)s: %(carrier)s does not deliver.", days=said, carrier=carrier)]


def _holiday(language: Language, day: date, where: Region, today: date) -> str:
    said = _days(language, [day], today)
    name = holiday_name(where, day, language.tag) or language.gettext("public holiday")
    if day in holidays_of(where, day.year):
        return language.gettext("%(day)s: %(holiday)s.", day=said, holiday=name)
    return language.gettext("%(day)s: %(holiday)s, in parts of the country.", day=said, holiday=name)


def _days(language: Language, days: list[date], today: date) -> str:
    if len(days) > FEW:
        return ", ".join(span(language, run[0], run[-1], today) for run in _runs(days))
    *first, last = days
    end = language.spoken(last, year=last.year != today.year)
    if not first:
        return end
    start = ", ".join(language.spoken(day, month=day.month != last.month) for day in first)
    return language.gettext("%(first)s and %(last)s", first=start, last=end)


def _runs(days: list[date]) -> list[list[date]]:
    runs: list[list[date]] = []
    for day in days:
        if runs and runs[-1][-1] + ONE == day:
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs
