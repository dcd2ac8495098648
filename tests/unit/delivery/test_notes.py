"""What a merchant's times come to, said beside each lane."""

from datetime import UTC, datetime, timedelta

from plugin.language import language
from plugin.settings import ShopSettings
from widgets import ALL
from widgets.delivery.notes import notes
from widgets.delivery.settings import DeliverySettings

SHOP = ShopSettings(time_zone="Europe/Berlin", currency="EUR", active_from="2026-01-01")
DE = {"countries": ["DE"], "min": 1, "max": 2, "carrier": "DHL", "days": "mon-sat"}
FOLDER = ALL["delivery"].locales
MONDAY = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)


def said(now: datetime, tag: str = "de", **changes: object) -> dict[str, str]:
    settings = DeliverySettings.model_validate({"lanes": [DE], **changes})
    return dict(notes(settings, SHOP, language(tag, "sie", folder=FOLDER), now))


def test_each_lane_says_when_three_orders_would_arrive() -> None:
    found = said(MONDAY, lanes=[DE, {**DE, "countries": ["*"], "min": 5, "max": 8}])
    assert found["lanes[0].max"] == (
        "Jetzt bestellt: Mi., 25. bis Do., 26. November. Freitags um 15:00 Uhr: Mi., 2. bis Do., 3. Dezember. "
        "Am 23. Dezember um 10:00 Uhr: Mo., 28. bis Di., 29. Dezember."
    )
    assert "Jetzt bestellt: Mo., 30. November bis Do., 3. Dezember." in found["lanes[1].max"]
    assert found["cutoff"] == "Dort ist es jetzt 09:05 Uhr."


def test_christmas_is_the_next_one_and_friday_never_in_the_past() -> None:
    friday = datetime(2026, 12, 25, 14, 30, tzinfo=UTC)
    found = said(friday, "en")["lanes[0].max"]
    assert "On a Friday at 15:00: Wed 6 to Fri 8 January 2027." in found
    assert "On 23 December at 10:00: Mon 27 to Tue 28 December 2027." in found


def test_days_on_which_nothing_moves_are_named() -> None:
    closed = [(MONDAY.date() + timedelta(days=n)).isoformat() for n in range(450)]
    sundays = [day for day in closed if datetime.fromisoformat(day).weekday() == 6]
    found = said(MONDAY, dispatch_days="sun", closures=sundays)
    assert found["lanes[0].max"] == "Mit diesen Tagen wird nie etwas verschickt oder zugestellt."
