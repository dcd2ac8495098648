"""What a merchant may say of sending, and what is refused, at the very field and in one sentence."""

from datetime import date, time, timedelta
from typing import Any

import pytest

from plugin.errors import Invalid
from plugin.language import language
from plugin.settings import validated
from widgets import ALL
from widgets.delivery.settings import MOST_CLOSURES, DeliverySettings

LANE = {"countries": ["DE"], "min": 1, "max": 2, "carrier": "DHL", "days": "mon-sat"}
GERMAN = language("de", "sie", folder=ALL["delivery"].locales).gettext


def lanes(*changes: dict[str, Any]) -> dict[str, Any]:
    """Lanes to countries of their own, each with its change."""
    codes = ("DE", "AT", "CH", "FR")
    return {
        "lanes": [
            {**LANE, "countries": [code], **change} for code, change in zip(codes, changes, strict=False)
        ]
    }


def without(key: str) -> dict[str, Any]:
    """One lane that lacks something."""
    return {"lanes": [{name: value for name, value in LANE.items() if name != key}]}


YEAR = [(date(2027, 1, 1) + timedelta(days=n)).isoformat() for n in range(366)]


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        (lanes({}, {"min": 4, "max": 3}), "lanes[1].max"),
        (lanes({"min": -1}), "lanes[0].min"),
        (lanes({"max": 121}), "lanes[0].max"),
        (lanes({"min": "one"}), "lanes[0].min"),
        (lanes({"countries": []}), "lanes[0].countries"),
        (without("countries"), "lanes[0].countries"),
        (lanes({"countries": ["Deutschland"]}), "lanes[0].countries[0]"),
        (lanes({"countries": ["de"]}), "lanes[0].countries[0]"),
        (lanes({"countries": ["DE", "DE"]}), "lanes"),
        (lanes({"countries": ["DE"]}, {"countries": ["AT", "DE"]}), "lanes"),
        (lanes({"countries": ["*"]}, {"countries": ["*"]}), "lanes"),
        (lanes({}, {}, {"days": "mon-someday"}), "lanes[2].days"),
        (lanes({"days": ""}), "lanes[0].days"),
        (lanes({"carrier": ""}), "lanes[0].carrier"),
        (without("carrier"), "lanes[0].carrier"),
        (lanes({"speed": "fast"}), "lanes[0].speed"),
        ({"lanes": "DE"}, "lanes[0]"),
        ({"cutoff": "25:00"}, "cutoff"),
        ({"cutoff": "two"}, "cutoff"),
        ({"cutoff": ""}, "cutoff"),
        ({"cutoff": "14:00+02:00"}, "cutoff"),
        ({"cutoff": "14:00Z"}, "cutoff"),
        ({"cutoff": 50400}, "cutoff"),
        ({"cutoffs": [{"day": "fri", "at": "12:00-05:00"}]}, "cutoffs[0].at"),
        ({"cutoffs": [{"day": "fri", "at": "12:00"}, {"day": "fri", "at": "13:00"}]}, "cutoffs"),
        ({"cutoffs": [{"day": "someday", "at": "12:00"}]}, "cutoffs[0].day"),
        ({"handling_days": [3, 1]}, "handling_days"),
        ({"handling_days": [-1, 1]}, "handling_days"),
        ({"handling_days": [1]}, "handling_days[1]"),
        ({"dispatch_days": "never"}, "dispatch_days"),
        ({"origin": "Bavaria"}, "origin"),
        ({"level": 85}, "level"),
        ({"level": "almost"}, "level"),
        ({"closures": YEAR}, "closures"),
        ({"closures": ["2027-02-30"]}, "closures[0]"),
        ({"products": [{"product": 0}]}, "products[0].product"),
        ({"products": [{"product": 1, "handling_days": [9, 2]}]}, "products[0].handling_days"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_field(patch: dict[str, Any], field: str) -> None:
    before = DeliverySettings()
    with pytest.raises(Invalid) as refused:
        validated(DeliverySettings, before, patch, gettext=GERMAN)
    assert field in refused.value.fields
    assert all(text and text[0].isupper() for text in refused.value.fields.values())


def test_what_can_be_meant_is_taken() -> None:
    patch = {
        **lanes({}, {"countries": ["*"]}),
        "cutoff": "14:30",
        "level": "95",
        "closures": YEAR[:MOST_CLOSURES],
        "origin": "DE-BY",
    }
    found = validated(DeliverySettings, DeliverySettings(), patch)
    assert found.cutoff == time(14, 30)
    assert found.level == 95
    assert found.lane("DE") == found.lanes[0]
    assert found.lane("JP") == found.lanes[1]
    assert found.lane(None) is None
