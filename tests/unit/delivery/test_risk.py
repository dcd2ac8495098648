"""With learned days an alarm is a small chance: of the rest of the way, given that the parcel has not arrived."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from plugin.core.orders import Line, OrderFacts, OrderState, Snapshot
from plugin.core.parcels import Parcel, Scan
from widgets.delivery.journey import fate, legs
from widgets.delivery.risk import Outlook, Promised, outlook
from widgets.delivery.settings import DeliverySettings, Lane
from widgets.delivery.survival import Curve

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 3, 15, tzinfo=UTC)
LATEST = date(2026, 3, 6)
SETTINGS = DeliverySettings(
    lanes=(Lane(countries=("DE",), min=1, max=3, carrier="DHL", days="mon-fri"),), level=80
)
QUICK = Curve((0.0, 0.5, 0.8, 0.9, 0.95), 200)
SWIFT = Curve((0.0, 0.5, 0.8, 0.9, 0.98), 200)
SLOW = Curve((0.0, 0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9), 200)
NEVER = Curve((0.0, 0.3, 0.3, 0.3, 0.3), 200, (0.0, 0.0, 0.1, 0.5, 0.6))


def state(handed_over: datetime | None, *scans: Scan) -> OrderState:
    """A paid order of Monday morning with one piece, and its parcel."""
    line = Line(11, None, 1, 1, gift_card=False, ships=True, price=1000)
    facts = OrderFacts(
        1, MONDAY, MONDAY, MONDAY, None, False, "EUR", True, "paid", 0, 1000, 160, lines=(line,), country="DE"
    )
    parcel = handed_over and Parcel(
        7, handed_over, handed_over, "success", "DHL", "1", items=((11, 1),), scans=scans
    )
    return OrderState(Snapshot(facts), parcels=(parcel,) if parcel else ())


def seen(found: OrderState, now: datetime, travel: Curve | None, mild_days: int = 1) -> Outlook | None:
    """What there is to say of it."""
    settings = SETTINGS.model_copy(update={"mild_days": mild_days})
    said = Promised(date(2026, 3, 3), LATEST, settings, BERLIN, travel)
    ways = legs(found, BERLIN, MONDAY, now)
    return outlook(found, said, fate(found, ways, LATEST, BERLIN, now), ways, now)


def moving(handed_over: datetime) -> OrderState:
    return state(handed_over, Scan(1, "in_transit", handed_over + timedelta(hours=5), handed_over))


def test_a_quick_way_raises_no_alarm_and_a_slow_one_does_before_the_day() -> None:
    thursday = datetime(2026, 3, 5, 12, tzinfo=UTC)
    assert seen(moving(TUESDAY), thursday, None) is None
    assert seen(moving(TUESDAY), thursday, QUICK) is None
    found = seen(moving(TUESDAY), thursday, SLOW)
    assert found is not None
    assert (found.reason, found.latest, found.chance) == ("carrier", date(2026, 3, 12), 0.8)
    assert found.earliest == date(2026, 3, 5)


def test_without_a_scan_nothing_is_concluded() -> None:
    assert seen(state(TUESDAY), datetime(2026, 3, 5, 12, tzinfo=UTC), SLOW) is None
    assert seen(state(TUESDAY), datetime(2026, 3, 9, 12, tzinfo=UTC), QUICK) is None


def test_a_late_hand_over_is_an_alarm_only_where_the_carrier_will_not_make_up_for_it() -> None:
    friday = datetime(2026, 3, 6, 9, tzinfo=UTC)
    late = moving(datetime(2026, 3, 5, 15, tzinfo=UTC))
    assert seen(late, friday, QUICK) is None, (
        "one of two arrives on Friday, four of five on Monday, a mild delay"
    )
    found = seen(late, friday, SLOW)
    assert found is not None
    assert found.reason == "sent_late"


def test_the_new_days_of_one_that_is_over_reckon_with_what_has_passed() -> None:
    saturday = datetime(2026, 3, 7, 9, tzinfo=UTC)
    assert seen(moving(TUESDAY), saturday - timedelta(hours=1), QUICK, 0) is None, (
        "what came on Friday is told by ten"
    )
    found = seen(moving(TUESDAY), saturday, QUICK, 0)
    assert found is not None
    assert (found.reason, found.earliest, found.latest) == ("overdue", date(2026, 3, 9), date(2026, 3, 9))
    assert found.chance == pytest.approx(0.5), "of those that are left so many arrive at all"


def test_no_day_is_named_where_most_of_what_is_left_never_arrives() -> None:
    found = seen(moving(TUESDAY), datetime(2026, 3, 10, 9, tzinfo=UTC), NEVER)
    assert found == Outlook("overdue")


def test_a_day_that_is_over_is_no_alarm_while_the_delay_is_mild() -> None:
    saturday = datetime(2026, 3, 7, 10, tzinfo=UTC)
    for mild_days in (1, 10):
        assert seen(moving(TUESDAY), saturday, SWIFT, mild_days) is None, "four of five come on Monday"
        assert seen(moving(TUESDAY), saturday, None, mild_days) is None
    slow = seen(moving(TUESDAY), saturday, SLOW)
    assert slow is not None
    assert slow.reason == "carrier", "on Monday it will not be there either"
    tuesday = datetime(2026, 3, 10, 9, tzinfo=UTC)
    for travel in (SWIFT, None):
        assert seen(moving(TUESDAY), tuesday - timedelta(seconds=1), travel, 1) is None
        over = seen(moving(TUESDAY), tuesday, travel, 1)
        assert over is not None
        assert over.reason == "overdue"


def test_what_has_not_left_is_judged_by_what_is_left_of_the_way() -> None:
    thursday = datetime(2026, 3, 5, 8, tzinfo=UTC)
    assert seen(state(None), thursday, QUICK) is None, "by Friday one of two, by Monday four of five"
    found = seen(state(None), thursday, SLOW)
    assert found is not None
    assert (found.reason, found.earliest, found.latest) == ("not_sent", date(2026, 3, 9), date(2026, 3, 17))
