"""Bonus campaigns as a merchant enters them: more points for some days, on all products or on some."""

import re
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Self

from pydantic import Field, field_validator, model_validator

from plugin.core import campaigns
from plugin.setting_errors import DATE, WrongField
from plugin.setting_input import sentence
from plugin.settings import Item

MOST_CAMPAIGNS = 50

YEARS = range(2000, 2200)

_COLLECTION = re.compile(r"gid://shopify/Collection/([1-9][0-9]{0,18})")


class Campaign(Item):
    """More points on some of the shop's days; with neither collection nor tag, on all products."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9._:-]{1,40}$",
        title=sentence("Short name"),
        description=sentence("Letters and digits; it stays with the campaign when you change the rest."),
    )
    title: str = Field(
        min_length=1,
        max_length=80,
        pattern=r"\S",
        title=sentence("Title"),
        description=sentence("What your customers read."),
    )
    multiplier: Decimal = Field(
        gt=1,
        le=10,
        max_digits=5,
        decimal_places=3,
        title=sentence("Times as many points"),
        description=sentence("2 doubles the points; where several campaigns meet, the best one counts."),
        json_schema_extra={"new": "more"},
    )
    starts_on: date = Field(
        title=sentence("First day"),
        description=sentence("Begins at midnight on your shop's clock."),
    )
    ends_on: date = Field(
        title=sentence("Last day"),
        description=sentence("Counts to its end."),
        json_schema_extra={"new": "more"},
    )
    collection: str | None = Field(
        default=None,
        title=sentence("Only products of this collection"),
        description=sentence("The collection's id, such as gid://shopify/Collection/1234; empty means any."),
    )
    tag: str | None = Field(
        default=None,
        max_length=255,
        title=sentence("Only products with this tag"),
        description=sentence("As it stands on the product; empty means any."),
    )

    @field_validator("starts_on", "ends_on", mode="before")
    @classmethod
    def _written_out(cls, value: object) -> object:
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
            return value.strip()
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        raise ValueError(DATE)

    @field_validator("collection", "tag", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("collection")
    @classmethod
    def _is_a_collection(cls, value: str | None) -> str | None:
        if value is not None and (not _COLLECTION.fullmatch(value) or _number(value) >= 2**63):
            raise ValueError(sentence("Enter the collection's id, such as gid://shopify/Collection/1234."))
        return value

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.ends_on < self.starts_on:
            raise WrongField("ends_on", sentence("Enter a last day that is not before the first."))
        for name, day in (("starts_on", self.starts_on), ("ends_on", self.ends_on)):
            if day.year not in YEARS:
                raise WrongField(name, DATE)
        if self.collection is not None and self.tag is not None:
            raise WrongField("tag", sentence("Enter a collection or a tag, not both."))
        return self


@lru_cache(4096)
def rule_of(campaign: Campaign) -> campaigns.Campaign:
    """Return the campaign as points are counted by it."""
    return campaigns.Campaign(
        title=campaign.title,
        multiplier=int(campaign.multiplier * 1000),
        first=campaign.starts_on,
        last=campaign.ends_on,
        collection=_number(campaign.collection) if campaign.collection else None,
        tag=campaign.tag.casefold() if campaign.tag else None,
    )


def _number(collection: str) -> int:
    return int(collection.rpartition("/")[2])
