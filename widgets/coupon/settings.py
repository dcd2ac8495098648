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

    @model_validator(mode="after")
    def _not_for_free(self) -> Self:
        if self.kind == "percentage" and self.value > 100:
            raise WrongField("value", sentence("Enter at most 100 percent."))
        if self.kind == "amount" and self.minimum_subtotal <= self.value:
            text = sentence("A fixed amount needs a minimum order value above it.")
            raise WrongField("minimum_subtotal", text)
        return self
