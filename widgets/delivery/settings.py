"""What a merchant tells about sending: cut-off, handling, calendars, and the lanes parcels travel on."""

import re
from collections.abc import Iterable
from datetime import date, time
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from plugin.language import sentence
from plugin.setting_errors import WrongField
from plugin.settings import Item, Section
from widgets.delivery.calendar import WEEKDAYS, Days, Region, weekdays

Country = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|\*)$", strip_whitespace=True)]
MOST_CLOSURES = 200

_DAYS = sentence("Enter weekdays such as mon-fri or mon,wed,fri.")
_TIME = sentence("Enter a time such as 14:00; it is read on your shop's clock.")
_CLOCK = re.compile(r"[0-9]{1,2}:[0-9]{2}(:00)?")


def _checked(text: str) -> str:
    try:
        weekdays(text)
    except ValueError:
        raise ValueError(_DAYS) from None
    return text.lower().replace(" ", "")


def _on_the_clock(value: object) -> object:
    """A zone of its own, or seconds since midnight, is nothing that a clock on the wall shows."""
    bare = value.strip() if isinstance(value, str) else value
    if isinstance(bare, time) and bare.tzinfo is None:
        return bare
    if not isinstance(bare, str) or not _CLOCK.fullmatch(bare):
        raise ValueError(_TIME)
    hours, minutes = map(int, bare.split(":")[:2])
    if hours > 23 or minutes > 59:
        raise ValueError(_TIME)
    return time(hours, minutes)


class Lane(Item):
    """How long one carrier takes to some countries, in days on which it delivers."""

    countries: tuple[Country, ...] = Field(
        min_length=1,
        max_length=250,
        title=sentence("Countries"),
        description=sentence("Two letters each, such as DE, AT; * means every other country."),
    )
    min: int = Field(ge=0, le=120, title=sentence("Days at least"))
    max: int = Field(ge=0, le=120, title=sentence("Days at most"))
    carrier: str = Field(
        min_length=1,
        max_length=60,
        title=sentence("Carrier"),
        description=sentence("As your customers know it."),
    )
    days: str = Field(default="mon-sat", title=sentence("Days of delivery"))

    @field_validator("days")
    @classmethod
    def _known_days(cls, value: str) -> str:
        return _checked(value)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max < self.min:
            raise WrongField("max", sentence("Enter at least as many days as the least."))
        return self


class Cutoff(Item):
    """Another cut-off on one weekday."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"] = Field(title=sentence("Day"))
    at: time = Field(title=sentence("Cut-off"))

    @field_validator("at", mode="before")
    @classmethod
    def _local(cls, value: object) -> object:
        return _on_the_clock(value)


class Slow(Item):
    """A product that takes longer, or is not there yet."""

    product: int = Field(
        ge=1, le=2**63 - 1, title=sentence("Product"), description=sentence("The number in its address.")
    )
    handling_days: tuple[int, int] | None = Field(default=None, title=sentence("Handling days"))
    available_on: date | None = Field(default=None, title=sentence("Available from"))

    @field_validator("handling_days")
    @classmethod
    def _rising(cls, value: tuple[int, int] | None) -> tuple[int, int] | None:
        return value if value is None else _range(value)


def _range(value: tuple[int, int]) -> tuple[int, int]:
    least, most = value
    if not 0 <= least <= most <= 120:
        raise ValueError(sentence("Enter two numbers of days, the smaller one first."))
    return value


class DeliverySettings(Section):
    """When orders are taken and sent, and how long they travel."""

    section = "delivery"

    enabled: bool = Field(
        default=True,
        title=sentence("Delivery dates switched on"),
        description=sentence("Switched off, no new date is promised; what was promised stays visible."),
    )
    level: Literal[80, 90, 95] = Field(
        default=90,
        title=sentence("How often the date shall be kept"),
        description=sentence("Of 100 parcels, so many arrive by the latest day that is named."),
        json_schema_extra={"labels": {"80": "80 %", "90": "90 %", "95": "95 %"}},
    )
    cutoff: time = Field(
        default=time(14),
        title=sentence("Order by"),
        description=sentence("Orders up to this time on your shop's clock are taken up the same day."),
    )
    cutoffs: tuple[Cutoff, ...] = Field(
        default=(),
        max_length=7,
        title=sentence("Other cut-offs"),
        description=sentence("For single weekdays."),
    )
    handling_days: tuple[int, int] = Field(
        default=(1, 1),
        title=sentence("Handling days"),
        description=sentence(
            "Days of dispatch between taking an order up and handing it over: least and most."
        ),
    )
    dispatch_days: str = Field(
        default="mon-fri",
        title=sentence("Days of dispatch"),
        description=sentence("On which you hand parcels over: mon-fri, or mon,wed,fri."),
    )
    origin: str = Field(
        default="DE",
        pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$",
        title=sentence("You send from"),
        description=sentence("Country, and state where it matters for holidays: DE-BY."),
    )
    closures: tuple[date, ...] = Field(
        default=(),
        max_length=MOST_CLOSURES,
        title=sentence("Closed on"),
        description=sentence("Days on which nothing is sent, such as 2026-12-24."),
    )
    lanes: tuple[Lane, ...] = Field(
        default=(),
        max_length=100,
        title=sentence("Lanes"),
        description=sentence(
            "How long parcels take to which countries. Where there is none, no date is promised."
        ),
    )
    products: tuple[Slow, ...] = Field(
        default=(),
        max_length=500,
        title=sentence("Products that take longer"),
        description=sentence("With their own handling days, or a day from which they are there."),
    )

    tell_late: bool = Field(
        default=True,
        title=sentence("Tell Shopify Flow of late parcels"),
        description=sentence("Your workflow there writes to the customer before they have to ask."),
    )
    alarm_below: int = Field(
        default=50,
        ge=5,
        le=95,
        title=sentence("Alarm under a chance of (percent)"),
        description=sentence(
            "Of arriving in time, by what was learned. Until then the lane says how long the rest takes."
        ),
    )
    mild_days: int = Field(
        default=1,
        ge=0,
        le=10,
        title=sentence("Days of delay that raise no alarm"),
        description=sentence("Days on which the carrier delivers, beyond the latest day that was named."),
    )

    @field_validator("level", mode="before")
    @classmethod
    def _typed(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value

    @field_validator("cutoff", mode="before")
    @classmethod
    def _local(cls, value: object) -> object:
        return _on_the_clock(value)

    @field_validator("dispatch_days")
    @classmethod
    def _known_days(cls, value: str) -> str:
        return _checked(value)

    @field_validator("handling_days")
    @classmethod
    def _rising(cls, value: tuple[int, int]) -> tuple[int, int]:
        return _range(value)

    @model_validator(mode="after")
    def _once(self) -> Self:
        days = [one.day for one in self.cutoffs]
        if len(days) != len(set(days)):
            raise WrongField("cutoffs", sentence("A weekday has one cut-off."))
        countries = [country for lane in self.lanes for country in lane.countries]
        if len(countries) != len(set(countries)):
            raise WrongField("lanes", sentence("A country belongs to one lane."))
        return self

    @property
    def from_(self) -> Region:
        """Where parcels start."""
        country, _, part = self.origin.partition("-")
        return Region(country, part or None)

    @property
    def cutoff_times(self) -> tuple[time, ...]:
        """The cut-off of every weekday, Monday first."""
        own: dict[str, time] = {one.day: one.at for one in self.cutoffs}
        return tuple(own.get(day, self.cutoff) for day in WEEKDAYS)

    @property
    def dispatch(self) -> Days:
        """The days of dispatch, without the holidays of where parcels start and without closures."""
        return Days(weekdays(self.dispatch_days), self.from_, frozenset(self.closures))

    def slow(self, products: Iterable[int]) -> tuple[Slow, ...]:
        """Return what is said of these products."""
        wanted = set(products)
        return tuple(one for one in self.products if one.product in wanted)

    def lane(self, country: str | None) -> Lane | None:
        """Return the lane to a country, None where nothing is promised."""
        if country is None:
            return None
        named = [lane for lane in self.lanes if country in lane.countries]
        return next(iter(named), next((lane for lane in self.lanes if "*" in lane.countries), None))
