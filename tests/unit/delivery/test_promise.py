"""The calculus against a slow reading of the same rules, day by day, and against dates worked out by hand."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.delivery.calendar import Days, NeverOpen, Region, holiday_name, weekdays
from widgets.delivery.promise import Dispatch, Promise, Reason, Route, promise

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "Europe/Berlin",
    "Pacific/Pago_Pago",
    "Pacific/Kiritimati",
    "America/New_York",
    "Australia/Lord_Howe",
]
BAVARIA, GERMANY = Region("DE", "BY"), Region("DE")
WEEK, SIX = weekdays("mon-fri"), weekdays("mon-sat")


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN)


def shop(
    least: int = 1, most: int = 1, closures: frozenset[date] = frozenset(), zone: ZoneInfo = BERLIN
) -> Dispatch:
    return Dispatch(zone, (time(14),) * 7, Days(WEEK, BAVARIA, closures), least, most)


def lane(least: int = 1, most: int = 2, region: Region = GERMANY) -> Route:
    return Route(least, most, Days(SIX, region), Days(SIX, region, anywhere=True))


def days(found: Promise) -> tuple[str, str]:
    return found.earliest.isoformat(), found.latest.isoformat()


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-23T13:59:59", ("2026-11-25", "2026-11-26")),  # a Monday: Tuesday out, Wednesday or Thursday
        ("2026-11-23T14:00:00", ("2026-11-25", "2026-11-26")),
        ("2026-11-23T14:00:01", ("2026-11-26", "2026-11-27")),
        ("2026-11-27T15:00:00", ("2026-12-02", "2026-12-03")),  # Friday afternoon is taken on Monday
        ("2026-11-28T09:00:00", ("2026-12-02", "2026-12-03")),
        (
            "2026-12-23T09:00:00",
            ("2026-12-28", "2026-12-29"),
        ),  # out on the 24th, both Christmas days off, a Sunday
        ("2026-12-23T15:00:00", ("2026-12-29", "2026-12-30")),  # the 24th is taken, out on Monday the 28th
        ("2026-12-30T15:00:00", ("2027-01-05", "2027-01-07")),  # 6 January is a holiday somewhere in Germany
        (
            "2026-06-02T10:00:00",
            ("2026-06-04", "2026-06-06"),
        ),  # Corpus Christi is kept in parts of Germany only
    ],
)
def test_dates_worked_out_by_hand(moment: str, expected: tuple[str, str]) -> None:
    found = promise(shop(), lane(), berlin(moment))
    assert days(found) == expected


def test_a_bavarian_shop_rests_on_corpus_christi_and_the_carrier_where_it_is_kept() -> None:
    found = promise(shop(), lane(), berlin("2026-06-03T10:00:00"))
    assert found.handed_over == (date(2026, 6, 5), date(2026, 6, 5))
    assert Reason("dispatch_holiday", date(2026, 6, 4)) in found.reasons
    assert holiday_name(BAVARIA, date(2026, 6, 4), "de") == "Fronleichnam"
    assert holiday_name(GERMANY, date(2026, 6, 4), "en") == "Corpus Christi"
    assert holiday_name(Region("DE", "SN"), date(2026, 6, 4), "de") is None
    assert holiday_name(Region("XX"), date(2026, 6, 4), "de") is None
    saxony = promise(shop(), lane(region=Region("DE", "SN")), berlin("2026-06-02T10:00:00"))
    assert days(saxony) == ("2026-06-04", "2026-06-05")
    bavaria = promise(shop(), lane(region=BAVARIA), berlin("2026-06-02T10:00:00"))
    assert days(bavaria) == ("2026-06-05", "2026-06-06")


def test_a_closure_and_a_preorder_put_it_off_and_say_so() -> None:
    away = frozenset({date(2026, 8, 3) + timedelta(days=number) for number in range(5)})
    found = promise(shop(closures=away), lane(), berlin("2026-08-03T10:00:00"))
    assert found.taken == date(2026, 8, 10)
    assert Reason("dispatch_closure", date(2026, 8, 5)) in found.reasons
    later = promise(shop(), lane(), berlin("2026-08-03T10:00:00"), not_before=date(2026, 9, 5))
    assert (later.taken, later.reasons[0]) == (date(2026, 9, 7), Reason("preorder", date(2026, 9, 5)))
    past = promise(shop(), lane(), berlin("2026-08-03T10:00:00"), not_before=date(2026, 8, 3))
    assert past == promise(shop(), lane(), berlin("2026-08-03T10:00:00"))


def test_the_cutoff_is_on_the_shops_clock_in_summer_and_winter() -> None:
    summer = promise(shop(), lane(), berlin("2026-10-23T10:00:00"))
    winter = promise(shop(), lane(), berlin("2026-10-26T10:00:00"))
    assert summer.order_by == datetime(2026, 10, 23, 12, tzinfo=UTC)
    assert winter.order_by == datetime(2026, 10, 26, 13, tzinfo=UTC)


def test_a_calendar_without_a_day_is_refused() -> None:
    with pytest.raises(NeverOpen):
        promise(
            shop(closures=frozenset(date(2026, 1, 1) + timedelta(days=n) for n in range(1500))),
            lane(),
            berlin("2026-08-03T10:00:00"),
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon-fri", {0, 1, 2, 3, 4}),
        ("sat-tue", {5, 6, 0, 1}),
        ("mon, wed", {0, 2}),
        ("sun", {6}),
        ("mon-sun", set(range(7))),
    ],
)
def test_weekdays(text: str, expected: set[int]) -> None:
    assert weekdays(text) == expected


@pytest.mark.parametrize("text", ["", "mon-", "-fri", "montag", "mon,,tue", "mon-fri-sat"])
def test_what_is_no_weekday_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no weekday"):
        weekdays(text)


# --- the slow reading ------------------------------------------------------------------------------------------------


def slow_closed(day: date, open_on: frozenset[int], country: str, part: str | None, everywhere: bool) -> bool:
    """Look at one day alone, with the library's own calendars."""
    if day.weekday() not in open_on or day in holidays.country_holidays(country, subdiv=part, years=day.year):
        return True
    parts = holidays.list_supported_countries()[country] if everywhere and part is None else []
    return any(day in holidays.country_holidays(country, subdiv=one, years=day.year) for one in parts)


def slow(
    moment: datetime, zone: ZoneInfo, at: time, handling: tuple[int, int], transit: tuple[int, int]
) -> tuple[date, date]:
    """Tick through the hours until the shop takes the order, then through the days."""
    ends = []
    for number, (handle, carry) in enumerate(zip(handling, transit, strict=True)):
        day = moment.astimezone(zone).date()
        late = moment > datetime.combine(day, at, zone).astimezone(UTC)
        while late or slow_closed(day, WEEK, "DE", "BY", everywhere=False):
            day, late = day + timedelta(days=1), False
        left = handle
        while left:
            day += timedelta(days=1)
            left -= not slow_closed(day, WEEK, "DE", "BY", everywhere=False)
        left, everywhere = carry, number == 1
        while left or slow_closed(day, SIX, "DE", None, everywhere):
            day += timedelta(days=1)
            if left:
                left -= not slow_closed(day, SIX, "DE", None, everywhere)
        ends.append(day)
    return ends[0], max(ends)


YEARS = st.datetimes(datetime(2024, 1, 1), datetime(2032, 12, 31))  # noqa: DTZ001  made aware below


@given(
    naive=YEARS,
    zone=st.sampled_from(ZONES),
    at=st.sampled_from([time(0), time(2, 30), time(14), time(23, 59, 59)]),
    handling=st.tuples(st.integers(0, 3), st.integers(0, 3)).map(lambda pair: (min(pair), max(pair))),
    transit=st.tuples(st.integers(0, 6), st.integers(0, 6)).map(lambda pair: (min(pair), max(pair))),
)
def test_it_is_what_walking_day_by_day_gives(
    naive: datetime, zone: str, at: time, handling: tuple[int, int], transit: tuple[int, int]
) -> None:
    moment, place = naive.replace(tzinfo=UTC), ZoneInfo(zone)
    sends = Dispatch(place, (at,) * 7, Days(WEEK, BAVARIA), *handling)
    found = promise(sends, lane(*transit), moment)
    assert (found.earliest, found.latest) == slow(moment, place, at, handling, transit)
    assert found.earliest <= found.latest
    again = promise(sends, lane(*transit), found.order_by)
    assert (again.earliest, again.latest) == (found.earliest, found.latest)
    later = promise(sends, lane(*transit), found.order_by + timedelta(seconds=1))
    assert later.taken > found.taken


@given(naive=YEARS, zone=st.sampled_from(ZONES), wait=st.timedeltas(timedelta(0), timedelta(days=9)))
def test_who_orders_later_never_gets_it_earlier(naive: datetime, zone: str, wait: timedelta) -> None:
    moment = naive.replace(tzinfo=UTC)
    one, other = (promise(shop(zone=ZoneInfo(zone)), lane(), at) for at in (moment, moment + wait))
    assert (one.earliest, one.latest) <= (other.earliest, other.latest)
