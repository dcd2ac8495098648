"""What a merchant tunes about coupons."""

from typing import Literal, Self

from pydantic import Field, model_validator

from plugin.language import sentence
from plugin.setting_errors import WrongField
from plugin.settings import Section

HIGHEST = 10**12
"""More minor units than any cart holds."""


class CouponSettings(Section):
    """What the next order is thanked with, for how long, and from which amount on."""

    section = "coupon"

    enabled: bool = Field(
        default=True,
        title=sentence("Coupons switched on"),
        description=sentence("Switched off, new orders get none; what was issued stays visible and valid."),
    )
    kind: Literal["percentage", "amount"] = Field(
        default="percentage",
        title=sentence("The coupon takes off"),
        description=sentence("A share of the next order, or a fixed amount."),
        json_schema_extra={
            "labels": {"percentage": sentence("a share in percent"), "amount": sentence("a fixed amount")}
        },
    )
    value: int = Field(
        default=10,
        ge=1,
        le=HIGHEST,
        title=sentence("Value"),
        description=sentence("What the next order becomes cheaper by."),
        json_schema_extra={"by": "kind", "units": {"percentage": "percent", "amount": "money"}},
    )
    valid_days: int = Field(
        default=30,
        ge=1,
        le=1095,
        title=sentence("Days a coupon is valid"),
        description=sentence("Counted from the day of the order; the last day is written on the coupon."),
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
    first_order_only: bool = Field(
        default=False,
        title=sentence("Only with a customer's first order"),
        description=sentence(
            "Shopify is asked how many orders a customer has placed; an order without a customer gets none."
        ),
    )
    monthly_cap: int = Field(
        default=0,
        ge=0,
        le=HIGHEST,
        title=sentence("At most so much in a month"),
        description=sentence(
            "Face value of the coupons of a calendar month; then no more are given until the next. 0 means no limit."
        ),
        json_schema_extra={"unit": "money"},
    )
    stamp_every: int = Field(
        default=0,
        ge=0,
        le=100,
        title=sentence("A better coupon with every so many orders"),
        description=sentence(
            "The stamp card: 5 means the 5th, the 10th, and so on. 0 means no card. Orders before us count as well."
        ),
        json_schema_extra={"beside": "loyalty"},
    )
    stamp_kind: Literal["percentage", "amount"] = Field(
        default="percentage",
        title=sentence("A full card takes off"),
        description=sentence("A share of the next order, or a fixed amount."),
        json_schema_extra={
            "labels": {"percentage": sentence("a share in percent"), "amount": sentence("a fixed amount")}
        },
    )
    stamp_value: int = Field(
        default=20,
        ge=1,
        le=HIGHEST,
        title=sentence("Value of a full card"),
        description=sentence("What the next order becomes cheaper by."),
        json_schema_extra={"by": "stamp_kind", "units": {"percentage": "percent", "amount": "money"}},
    )
    stamp_minimum: int = Field(
        default=0,
        ge=0,
        le=HIGHEST,
        title=sentence("A full card is used from an order value of"),
        description=sentence("Holds for the order that uses it; 0 means any."),
        json_schema_extra={"unit": "money"},
    )

    @model_validator(mode="after")
    def _not_for_free(self) -> Self:
        _check_worth(self.kind, self.value, self.minimum_subtotal, ("value", "minimum_subtotal"))
        _check_worth(self.stamp_kind, self.stamp_value, self.stamp_minimum, ("stamp_value", "stamp_minimum"))
        return self


def _check_worth(kind: str, value: int, minimum: int, fields: tuple[str, str]) -> None:
    """Refuse what would make a free order that earns a coupon again (semantics C 18)."""
    if kind == "percentage" and value > 100:
        raise WrongField(fields[0], sentence("Enter at most 100 percent."))
    if kind == "amount" and minimum <= value:
        raise WrongField(fields[1], sentence("A fixed amount needs a minimum order value above it."))
