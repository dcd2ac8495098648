from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, model_validator

from plugin.errors import Invalid
from plugin.language import language
from plugin.setting_errors import WrongField
from plugin.settings import Section, ShopSettings, Versions, validated

START = datetime(2026, 11, 1, tzinfo=UTC)


class Prize(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    cost: int = Field(ge=1)
    share: Decimal = Decimal(1)


class Fair(Section):
    section = "fair"

    enabled: bool = True
    kind: Literal["small", "large"] = "small"
    rate: Decimal = Field(default=Decimal(1), ge=0, decimal_places=3, max_digits=7)
    days: int = Field(default=14, ge=0, le=365)
    price: int = Field(default=0, ge=0)
    least: int = Field(default=0, ge=0)
    opens: time = time(14)
    closed: tuple[date, ...] = ()
    steps: tuple[int, ...] = (1, 1)
    prizes: tuple[Prize, ...] = ()
    note: str | None = None

    @model_validator(mode="after")
    def _price_is_covered(self) -> "Fair":
        if self.price and self.least <= self.price:
            raise WrongField("least", "Enter a number.")
        return self


@pytest.mark.parametrize(
    ("typed", "field", "value"),
    [
        ("false", "enabled", False),
        ("large", "kind", "large"),
        ("1.125", "rate", Decimal("1.125")),
        (" 30 ", "days", 30),
        ("09:30", "opens", time(9, 30)),
        ('["2026-12-24"]', "closed", (date(2026, 12, 24),)),
        ("2026-12-24, 2026-12-25", "closed", (date(2026, 12, 24), date(2026, 12, 25))),
        ("", "closed", ()),
        ("[0, 2]", "steps", (0, 2)),
        ('[{"id": "a", "cost": 5, "share": 0.1}]', "prizes", (Prize(id="a", cost=5, share=Decimal("0.1")),)),
        ("", "note", None),
        ("[not a list]", "note", "[not a list]"),
    ],
)
def test_a_command_line_is_read_by_the_type_of_the_field(typed: str, field: str, value: object) -> None:
    assert getattr(validated(Fair, Fair(), {field: typed}), field) == value


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"days": "soon"}, "days: Enter a whole number."),
        ({"days": "366"}, "days: Enter at most 365."),
        ({"days": "-1"}, "days: Enter at least 0."),
        ({"days": ""}, "days: Enter a whole number."),
        ({"rate": "a"}, "rate: Enter a number."),
        ({"rate": "1.0001"}, "rate: Enter at most 3 decimal places."),
        ({"rate": "NaN"}, "rate: Enter a number."),
        ({"enabled": "perhaps"}, "enabled: Enter true or false."),
        ({"kind": "huge"}, "kind: Choose one of these: 'small' or 'large'."),
        ({"opens": "25:00"}, "opens: Enter a time such as 14:00."),
        ({"closed": "yesterday"}, "closed[0]: Enter a date such as 2026-12-24."),
        ({"steps": "[1"}, "steps: Enter a list in JSON."),
        ({"steps": "[" * 100_000}, "steps: Enter a list in JSON."),
        ({"prizes": '[{"id": "a", "cost": 0}]'}, "prizes[0].cost: Enter at least 1."),
        ({"prizes": '[{"id": "a"}]'}, "prizes[0].cost: This field is needed."),
        ({"prizes": '{"id": "a"}'}, "prizes: Enter a list."),
        ({"colour": "red"}, "colour: There is no such setting."),
        ({"price": "5"}, "least: Enter a number."),
    ],
)
def test_a_refusal_is_one_sentence_that_names_the_field(patch: dict[str, object], message: str) -> None:
    with pytest.raises(Invalid) as refused:
        validated(Fair, Fair(), patch)
    assert refused.value.message == message
    place = message.split(":", maxsplit=1)[0]
    assert refused.value.fields == {place: message.split(": ", 1)[1]}


def test_every_wrong_field_has_its_sentence_in_the_merchants_language() -> None:
    with pytest.raises(Invalid) as refused:
        validated(Fair, Fair(), {"days": "366", "rate": "a"}, gettext=language("de", "sie").gettext)
    assert refused.value.fields == {
        "rate": "Bitte eine Zahl eingeben.",
        "days": "Bitte höchstens 365 eingeben.",
    }


def shop(**changes: object) -> ShopSettings:
    given = {"time_zone": "Europe/Berlin", "currency": "EUR", "active_from": "2026-12-05", **changes}
    return ShopSettings.model_validate(given)


@pytest.mark.parametrize(
    ("active_from", "zone", "instant"),
    [
        ("2026-12-05", "Europe/Berlin", datetime(2026, 12, 4, 23, tzinfo=UTC)),
        ("2026-07-05", "Europe/Berlin", datetime(2026, 7, 4, 22, tzinfo=UTC)),
        ("2026-12-05", "Asia/Tokyo", datetime(2026, 12, 4, 15, tzinfo=UTC)),
        ("2026-12-05T10:30:00", "Europe/Berlin", datetime(2026, 12, 5, 9, 30, tzinfo=UTC)),
        ("2026-12-05T10:30:00Z", "Europe/Berlin", datetime(2026, 12, 5, 10, 30, tzinfo=UTC)),
        ("2026-12-05T10:30:00+05:30", "UTC", datetime(2026, 12, 5, 5, tzinfo=UTC)),
        ("1997-01-01", "America/New_York", datetime(1997, 1, 1, 5, tzinfo=UTC)),
    ],
)
def test_active_from_is_kept_as_given_and_read_on_the_shops_clock(
    active_from: str, zone: str, instant: datetime
) -> None:
    settings = shop(active_from=active_from, time_zone=zone)
    assert settings.active_from == active_from
    assert settings.active_since == instant


@pytest.mark.parametrize(
    "patch",
    [
        {"time_zone": zone}
        for zone in (
            "localtime",
            "Europe",
            "europe/berlin",
            "../etc/passwd",
            "/etc/passwd",
            "",
            "Mars/Olympus",
            "A\0",
        )
    ]
    + [{"currency": code} for code in ("", "eur", "EURO", "€", "XYZ")]
    + [{"active_from": text} for text in ("", "soon", "0001-01-01", "9999-12-31", "2026-13-01", "05.12.2026")]
    + [{"tone": "ihr"}, {"tone": "Sie"}],
)
def test_what_is_unknown_is_refused(patch: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        validated(ShopSettings, shop(), patch)
    assert refused.value.fields.keys() == patch.keys()


class Row:
    """A stored version as a query gives it."""

    def __init__(self, version: int, valid_from: datetime, days: int) -> None:
        self.shop_id, self.section, self.version, self.valid_from = 1, "fair", version, valid_from
        self.value = f'{{"days": {days}}}'


@given(
    gaps=st.lists(st.integers(0, 3), min_size=1, max_size=6),
    at=st.integers(-5, 25),
)
def test_the_version_at_an_instant_is_the_last_that_began_and_the_first_reaches_back(
    gaps: list[int], at: int
) -> None:
    starts = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    rows = [Row(n + 1, START + timedelta(days=start), n) for n, start in enumerate(starts)]
    begun = [n for n, start in enumerate(starts) if start <= at]
    found = Versions(rows).at(1, Fair, START + timedelta(days=at))
    assert found.number == (begun[-1] if begun else 0) + 1
    assert found.value.days == found.number - 1
    assert Versions(rows).current(1, Fair).number == len(rows)


def test_a_section_that_a_shop_never_stored_has_its_defaults() -> None:
    found = Versions(()).at(1, Fair, START)
    assert (found.number, found.value) == (0, Fair())
    with pytest.raises(LookupError):
        Versions(()).current(1, ShopSettings)


def test_a_retired_field_of_an_old_version_is_passed_over() -> None:
    row = Row(1, START, 3)
    row.value = '{"days": 3, "colour": "red"}'
    assert Versions([row]).current(1, Fair).value.days == 3
