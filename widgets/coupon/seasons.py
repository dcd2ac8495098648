"""Campaigns beside the ordinary coupon, as a merchant enters them: for a season, for some customers or countries."""

import re
from datetime import date, datetime
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from plugin.setting_errors import DATE, WrongField
from plugin.setting_input import sentence
from plugin.settings import Item
from plugin.shopify.names import MAX_ID
from widgets.coupon.worth import HIGHEST, check_worth

MOST_CAMPAIGNS = 20
MOST_NAMED = 100
"""Shopify takes no more products or collections in one discount."""

YEARS = range(2000, 2200)

_PRODUCT = re.compile(r"gid://shopify/Product/[1-9][0-9]{0,18}")
_COLLECTION = re.compile(r"gid://shopify/Collection/[1-9][0-9]{0,18}")
_COUNTRY = re.compile(r"[A-Z]{2}")


class Campaign(Item):
    """A coupon that goes before the ordinary one, for orders that meet all of its conditions."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9._:-]{1,20}$",
        title=sentence("Short name"),
        description=sentence("Letters and digits; it stays with the campaign when the rest changes."),
    )
    title: str = Field(
        min_length=1,
        max_length=80,
        pattern=r"\S",
        title=sentence("Title"),
        description=sentence("How it is called here and in Shopify's list of discounts."),
    )
    priority: int = Field(
        default=50,
        ge=1,
        le=100,
        title=sentence("Priority"),
        description=sentence(
            "Where an order meets several campaigns, the one with the higher number counts."
        ),
    )
    kind: Literal["percentage", "amount"] = Field(
        default="percentage",
        title=sentence("The coupon takes off"),
        description=sentence("A share of the next order, or a fixed amount."),
        json_schema_extra={
            "new": "other",
            "labels": {"percentage": sentence("a share in percent"), "amount": sentence("a fixed amount")},
        },
    )
    value: int = Field(
        default=15,
        ge=1,
        le=HIGHEST,
        title=sentence("Value"),
        description=sentence("What the next order becomes cheaper by."),
        json_schema_extra={
            "new": "more",
            "by": "kind",
            "units": {"percentage": "percent", "amount": "money"},
        },
    )
    minimum_subtotal: int = Field(
        default=0,
        ge=0,
        le=HIGHEST,
        title=sentence("From an order value of"),
        description=sentence(
            "Holds for the order that brings a coupon and for the one that uses it; 0 means any."
        ),
        json_schema_extra={"unit": "money"},
    )
    valid_days: int = Field(
        default=30,
        ge=1,
        le=1095,
        title=sentence("Days a coupon is valid"),
        description=sentence("Counted from the day of the order; the last day is written on the coupon."),
    )
    starts_on: date | None = Field(
        default=None,
        title=sentence("First day"),
        description=sentence("For orders from this day on, by the shop's clock; empty means at once."),
    )
    ends_on: date | None = Field(
        default=None,
        title=sentence("Last day"),
        description=sentence("For orders to the end of this day; empty means without end."),
        json_schema_extra={"new": "more"},
    )
    first_order_only: bool = Field(
        default=False,
        title=sentence("Only with a customer's first order"),
        description=sentence(
            "Shopify is asked how many orders a customer has placed; an order without a customer gets none."
        ),
    )
    customer_tags: tuple[str, ...] = Field(
        default=(),
        max_length=20,
        title=sentence("Only for customers with one of these tags"),
        description=sentence("As they stand on the customer in Shopify; none means for everybody."),
    )
    countries: tuple[str, ...] = Field(
        default=(),
        max_length=250,
        title=sentence("Only for deliveries to these countries"),
        description=sentence(
            "Two letters each, such as DE or AT: the countries of a market. None means any."
        ),
    )
    only_products: tuple[str, ...] = Field(
        default=(),
        max_length=MOST_NAMED,
        title=sentence("Only on these products"),
        description=sentence("Products' ids, such as gid://shopify/Product/1234; none means all."),
    )
    only_collections: tuple[str, ...] = Field(
        default=(),
        max_length=MOST_NAMED,
        title=sentence("Only on these collections"),
        description=sentence(
            "Collections' ids, such as gid://shopify/Collection/1234. To leave products out, name a collection without them."
        ),
    )

    @field_validator("starts_on", "ends_on", mode="before")
    @classmethod
    def _written_out(cls, value: object) -> object:
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value.strip()):
            return value.strip()
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        raise ValueError(DATE)

    @field_validator("customer_tags")
    @classmethod
    def _are_tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        tags = tuple(dict.fromkeys(tag.strip() for tag in value))
        if not all(0 < len(tag) <= 255 for tag in tags):
            raise ValueError(sentence("Enter tags of up to 255 characters."))
        return tags

    @field_validator("countries")
    @classmethod
    def _are_countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(one.strip().upper() for one in value))
        if not all(_COUNTRY.fullmatch(one) for one in found):
            raise ValueError(sentence("Enter countries by their two letters, such as DE."))
        return found

    @field_validator("only_products", "only_collections")
    @classmethod
    def _are_ids(cls, value: tuple[str, ...], info: object) -> tuple[str, ...]:
        of_products = getattr(info, "field_name", "") == "only_products"
        found = tuple(dict.fromkeys(one.strip() for one in value))
        if not all(_is_id(one, _PRODUCT if of_products else _COLLECTION) for one in found):
            raise ValueError(
                sentence("Enter products' ids, such as gid://shopify/Product/1234.")
                if of_products
                else sentence("Enter collections' ids, such as gid://shopify/Collection/1234.")
            )
        return found

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        check_worth(self.kind, self.value, self.minimum_subtotal, ("value", "minimum_subtotal"))
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise WrongField("ends_on", sentence("Enter a last day that is not before the first."))
        for name, day in (("starts_on", self.starts_on), ("ends_on", self.ends_on)):
            if day is not None and day.year not in YEARS:
                raise WrongField(name, DATE)
        if self.only_products and self.only_collections:
            raise WrongField("only_collections", sentence("Enter products or collections, not both."))
        return self


def _is_id(text: str, kind: re.Pattern[str]) -> bool:
    return bool(kind.fullmatch(text)) and int(text.rpartition("/")[2]) <= MAX_ID
