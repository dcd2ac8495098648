"""The settings that hold for all widgets of a shop: how it speaks, its clock and currency, and from when orders count."""

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Literal, Self
from zoneinfo import ZoneInfo

from babel.numbers import list_currencies
from pydantic import Field, field_validator, model_validator

from plugin.language import sentence
from plugin.setting_errors import DATE, WrongField
from plugin.setting_models import Section

_ZONE_NAME = re.compile(r"[A-Z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*")


class ShopSettings(Section):
    """What holds for all widgets of a shop."""

    section = "shop"

    tone: Literal["sie", "du"] = Field(
        "sie",
        title=sentence("How we address your customers"),
        description=sentence("German texts say Sie or du."),
        json_schema_extra={"labels": {"sie": sentence("politely: Sie"), "du": sentence("as friends: du")}},
    )
    time_zone: str = Field(
        title=sentence("Time zone"),
        description=sentence("Days begin and end by this clock."),
    )
    currency: str = Field(
        title=sentence("Currency"),
        description=sentence("The one your books are kept in."),
    )
    count_test_orders: bool = Field(
        default=False,
        title=sentence("Count test orders"),
        description=sentence("Test orders earn points, as real ones do. A coupon comes with both."),
    )
    active_from: str = Field(
        title=sentence("Active from"),
        description=sentence("Orders before this date or time earn nothing."),
    )

    @property
    def zone(self) -> ZoneInfo:
        """The shop's clock."""
        return ZoneInfo(self.time_zone)

    @property
    def active_since(self) -> datetime:
        """The instant, in UTC, from which orders count; a date means local midnight."""
        return _resolve(self.active_from, self.time_zone)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if not _is_zone(value):
            raise ValueError(sentence("Enter a time zone such as Europe/Berlin."))
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        if value not in list_currencies():
            raise ValueError(sentence("Enter a currency code such as EUR."))
        return value

    @model_validator(mode="after")
    def _resolvable(self) -> Self:
        try:
            year = self.active_since.year
        except (ValueError, OverflowError):
            year = 0
        if not 1900 <= year < 2200:
            raise WrongField("active_from", DATE)
        return self


@lru_cache(4096)
def _resolve(text: str, zone: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=ZoneInfo(zone))
    return instant.astimezone(UTC)


def _is_zone(name: str) -> bool:
    try:
        return _ZONE_NAME.fullmatch(name) is not None and bool(ZoneInfo(name).key)
    except (KeyError, ValueError, OSError):
        return False
