"""What points buy: the merchant's list of rewards, each with its price, what it grants and when it is offered."""

import re
from datetime import date
from typing import Literal, Self, TypeAlias

from pydantic import Field, ValidationInfo, field_validator, model_validator

from plugin.setting_errors import WrongField
from plugin.setting_input import sentence
from plugin.settings import Item

Kind: TypeAlias = Literal["amount", "percentage", "free_shipping", "free_product"]

HIGHEST = 10**12
"""More minor units than any cart holds."""

MOST_REWARDS = 50

_VARIANT = re.compile(r"gid://shopify/ProductVariant/[1-9][0-9]{0,18}")
_AMOUNT = sentence("Enter an amount above 0.")
_PERCENT = sentence("Enter a percentage from 1 to 100.")
_PRODUCT = sentence("Enter the product variant's id, such as gid://shopify/ProductVariant/1234.")


class Reward(Item):
    """One thing that points buy, as a discount code of the customer's own."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9._:-]{1,40}$",
        title=sentence("Short name"),
        description=sentence("Letters and digits; it stays with the reward when you change the rest."),
    )
    title: str = Field(
        min_length=1,
        max_length=80,
        title=sentence("Title"),
        description=sentence("What your customers read."),
    )
    cost: int = Field(
        ge=1,
        le=10**7,
        title=sentence("Points it costs"),
        description=sentence("Taken when a customer redeems it."),
        json_schema_extra={"new": "less"},
    )
    kind: Kind = Field(
        default="amount",
        title=sentence("It grants"),
        description=sentence("A discount, free shipping, or one product as a gift."),
        json_schema_extra={
            "new": "other",
            "labels": {
                "amount": sentence("a fixed amount"),
                "percentage": sentence("a share in percent"),
                "free_shipping": sentence("free shipping"),
                "free_product": sentence("a product as a gift"),
            },
        },
    )
    value: int | str | None = Field(
        default=None,
        validate_default=True,
        title=sentence("Value"),
        description=sentence(
            "What the code takes off, in money or in percent; for a gift, the id of the product variant."
        ),
        json_schema_extra={
            "new": "more",
            "by": "kind",
            "units": {"amount": "money", "percentage": "percent", "free_product": "text"},
        },
    )
    minimum_subtotal: int = Field(
        default=0,
        ge=0,
        le=HIGHEST,
        title=sentence("From an order value of"),
        description=sentence("The order that uses the code must reach it; 0 means any."),
        json_schema_extra={"unit": "money"},
    )
    valid_days: int = Field(
        default=90,
        ge=1,
        le=1095,
        title=sentence("Days a code is valid"),
        description=sentence("Counted from the day it is redeemed; unused points come back afterwards."),
    )
    starts_on: date | None = Field(
        default=None,
        title=sentence("Offered from"),
        description=sentence("The first day on which it can be redeemed; empty means at once."),
    )
    ends_on: date | None = Field(
        default=None,
        title=sentence("Offered until"),
        description=sentence("The last day on which it can be redeemed; empty means without end."),
    )

    def is_offered(self, day: date) -> bool:
        """Tell whether it can be redeemed on this day of the shop's clock."""
        return (self.starts_on is None or self.starts_on <= day) and (
            self.ends_on is None or day <= self.ends_on
        )

    @field_validator("value", mode="before")
    @classmethod
    def _fits_kind(cls, value: object, info: ValidationInfo) -> int | str | None:
        kind = info.data.get("kind")
        if kind == "free_shipping" or kind is None:
            return None
        if kind == "free_product":
            if not isinstance(value, str) or not _VARIANT.fullmatch(value.strip()):
                raise ValueError(_PRODUCT)
            return value.strip()
        number = _whole(value)
        highest, wrong = (100, _PERCENT) if kind == "percentage" else (HIGHEST, _AMOUNT)
        if number is None or not 1 <= number <= highest:
            raise ValueError(wrong)
        return number

    @field_validator("starts_on", "ends_on", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.starts_on is not None and self.ends_on is not None and self.ends_on < self.starts_on:
            raise WrongField("ends_on", sentence("Enter a last day that is not before the first."))
        return self


def _whole(value: object) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,13}", value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
