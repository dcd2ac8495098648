"""Days, chances and reasons as people say them, in both languages."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from plugin.language import language
from widgets import ALL
from widgets.delivery.calendar import Days, Region, weekdays
from widgets.delivery.promise import Dispatch, Route, promise
from widgets.delivery.reasons import why
from widgets.delivery.wording import by, odds, percent, span

FOLDER = ALL["delivery"].locales
DE, EN = language("de", "sie", folder=FOLDER), language("en", "sie", folder=FOLDER)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("first", "last", "german", "english"),
    [
        ("2026-11-24", "2026-11-24", "Di., 24. November", "Tue 24 November"),
        ("2026-11-24", "2026-11-26", "Di., 24. bis Do., 26. November", "Tue 24 to Thu 26 November"),
        (
            "2026-11-30",
            "2026-12-02",
            "Mo., 30. November bis Mi., 2. Dezember",
            "Mon 30 November to Wed 2 December",
        ),
        (
            "2026-12-30",
            "2027-01-05",
            "Mi., 30. Dezember bis Di., 5. Januar 2027",
            "Wed 30 December to Tue 5 January 2027",
        ),
        ("2027-01-05", "2027-01-07", "Di., 5. bis Do., 7. Januar 2027", "Tue 5 to Thu 7 January 2027"),
    ],
)
def test_the_month_is_said_once_and_the_year_only_where_it_is_another(
    first: str, last: str, german: str, english: str
) -> None:
    days = date.fromisoformat(first), date.fromisoformat(last), date(2026, 11, 21)
    assert span(DE, *days) == german
    assert span(EN, *days) == english


def test_a_limit_within_a_week_is_a_day_by_name() -> None:
    today = date(2026, 11, 21)
    assert by(DE, date(2026, 11, 26), today) == "Donnerstag"
    assert by(EN, date(2026, 11, 28), today) == "Sat 28 November"


@pytest.mark.parametrize(
    ("chance", "said", "whole"),
    [
        (1.0, ("99", "100"), 100),
        (0.96, ("19", "20"), 96),
        (0.9499, ("9", "10"), 94),
        (0.9, ("9", "10"), 90),
        (0.8999, ("8", "10"), 89),
        (0.29, ("2", "10"), 29),
        (0.05, None, 5),
    ],
)
def test_a_chance_is_rounded_down(chance: float, said: tuple[str, str] | None, whole: int) -> None:
    assert odds(EN, chance) == said
    assert percent(chance) == whole


def reasons(moment: str, *, closures: frozenset[date] = frozenset()) -> tuple[str, ...]:
    now = datetime.fromisoformat(moment).replace(tzinfo=BERLIN)
    sent = Dispatch(BERLIN, (time(14),) * 7, Days(weekdays("mon-fri"), Region("DE", "BY"), closures), 1, 1)
    six = weekdays("mon-sat")
    way = Route(1, 2, Days(six, Region("DE")), Days(six, Region("DE"), anywhere=True))
    found = promise(sent, way, now).reasons
    where = {"origin": Region("DE", "BY"), "destination": Region("DE")}
    return why(DE, found, carrier="DHL", cutoff=time(14), today=now.date(), **where)


def test_each_reason_is_a_sentence_with_its_day_and_a_holiday_has_its_name() -> None:
    assert reasons("2026-12-30T15:00") == (
        "Bestellschluss war heute um 14:00 Uhr.",
        "Fr., 1. Januar 2027: Neujahr.",
        "Sa., 2. und So., 3. Januar 2027: kein Versand.",
        "Wir packen in höchstens 1 Werktag.",
        "Mi., 6. Januar 2027: Heilige Drei Könige, in Teilen des Landes.",
        "DHL braucht höchstens 2 Tage.",
    )


def test_a_plain_day_has_plain_reasons() -> None:
    assert reasons("2026-11-23T09:00") == (
        "Wir packen in höchstens 1 Werktag.",
        "DHL braucht höchstens 2 Tage.",
    )


def test_a_long_closure_is_said_in_runs() -> None:
    closed = frozenset(date(2026, 8, day) for day in range(3, 15))
    said = reasons("2026-07-31T15:00", closures=closed)
    assert "Mo., 3. bis Fr., 7. August, Mo., 10. bis Fr., 14. August: bei uns geschlossen." in said
