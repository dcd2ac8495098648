"""What a merchant tunes about coupons."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from plugin.core.codes import PREFIX, is_prefix
from plugin.language import sentence
from plugin.setting_errors import WrongField
from plugin.settings import Section
from widgets.coupon.seasons import MOST_CAMPAIGNS, Campaign
from widgets.coupon.worth import HIGHEST, check_worth


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
            "new": "other",
            "labels": {"percentage": sentence("a share in percent"), "amount": sentence("a fixed amount")},
        },
    )
    value: int = Field(
        default=10,
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
        json_schema_extra={"new": "less", "beside": "loyalty"},
    )
    stamp_kind: Literal["percentage", "amount"] = Field(
        default="percentage",
        title=sentence("A full card takes off"),
        description=sentence("A share of the next order, or a fixed amount."),
        json_schema_extra={
            "new": "other",
            "labels": {"percentage": sentence("a share in percent"), "amount": sentence("a fixed amount")},
        },
    )
    stamp_value: int = Field(
        default=20,
        ge=1,
        le=HIGHEST,
        title=sentence("Value of a full card"),
        description=sentence("What the next order becomes cheaper by."),
        json_schema_extra={
            "new": "more",
            "by": "stamp_kind",
            "units": {"percentage": "percent", "amount": "money"},
        },
    )
    stamp_minimum: int = Field(
        default=0,
        ge=0,
        le=HIGHEST,
        title=sentence("A full card is used from an order value of"),
        description=sentence("Holds for the order that uses it; 0 means any."),
        json_schema_extra={"unit": "money"},
    )

    campaigns: tuple[Campaign, ...] = Field(
        default=(),
        max_length=MOST_CAMPAIGNS,
        title=sentence("Campaigns"),
        description=sentence("Other coupons for a season, for some customers, countries or products."),
        json_schema_extra={"new": "entry"},
    )
    prefix: str = Field(
        default=PREFIX,
        title=sentence("Codes begin with"),
        description=sentence(
            "2 to 10 letters, or the digits 3, 4, 7 and 9, which look like no letter. New codes have it."
        ),
    )
    in_mails: bool = Field(
        default=False,
        title=sentence("Coupons in Shopify's mails"),
        description=sentence(
            "Writes each new coupon to its order, for the mails you send from Shopify. Asks for one permission more."
        ),
    )

    @field_validator("prefix")
    @classmethod
    def _is_prefix(cls, value: str) -> str:
        found = value.strip().upper()
        if not is_prefix(found):
            raise ValueError(sentence("Enter 2 to 10 letters, or the digits 3, 4, 7 and 9."))
        return found

    @model_validator(mode="after")
    def _not_for_free(self) -> Self:
        check_worth(self.kind, self.value, self.minimum_subtotal, ("value", "minimum_subtotal"))
        check_worth(self.stamp_kind, self.stamp_value, self.stamp_minimum, ("stamp_value", "stamp_minimum"))
        ids = [campaign.id for campaign in self.campaigns]
        if len(set(ids)) < len(ids) or {"", "stamp"} & set(ids):
            raise WrongField("campaigns", sentence("Give each campaign a short name of its own."))
        return self
