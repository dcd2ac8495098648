"""What a merchant tunes about points."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from plugin.setting_errors import WrongField
from plugin.setting_input import sentence
from plugin.settings import Section
from widgets.loyalty.campaigns import MOST_CAMPAIGNS, Campaign
from widgets.loyalty.catalogue import MOST_REWARDS, Reward
from widgets.loyalty.tiers import MOST_TIERS, Tier, refuse_disorder


class LoyaltySettings(Section):
    """How points are earned, when they become spendable, how long they live, and what they buy."""

    section = "loyalty"

    enabled: bool = Field(
        default=True,
        title=sentence("Points switched on"),
        description=sentence(
            "Switched off, new orders earn nothing; what was earned stays visible and valid."
        ),
    )
    basis: Literal["gross", "net"] = Field(
        default="gross",
        title=sentence("Points are counted on"),
        description=sentence("The amount with tax or without it; shipping never counts."),
        json_schema_extra={
            "labels": {"gross": sentence("the amount with tax"), "net": sentence("the amount without tax")}
        },
    )
    points_per_unit: Decimal = Field(
        default=Decimal(1),
        ge=0,
        le=1000,
        max_digits=7,
        decimal_places=3,
        title=sentence("Points for one unit of your currency"),
        description=sentence("Up to three places; the sum of an order is rounded down once."),
        json_schema_extra={"new": "more"},
    )
    pending_days: int = Field(
        default=14,
        ge=0,
        le=365,
        title=sentence("Days until points can be spent"),
        description=sentence("Counted from the day of the order; 0 means at once."),
    )
    expiry_months: int = Field(
        default=0,
        ge=0,
        le=120,
        title=sentence("Months until points expire"),
        description=sentence("Counted from the day they can be spent; 0 means never."),
    )
    expiry_notice: bool = Field(
        default=False,
        title=sentence("Tell Shopify Flow ahead of expiry"),
        description=sentence("Starts your workflow for each customer whose points expire soon."),
    )
    expiry_notice_days: tuple[Annotated[int, Field(ge=1, le=365)], ...] = Field(
        default=(30, 7),
        min_length=1,
        max_length=5,
        title=sentence("Days ahead of expiry"),
        description=sentence("One message for each, and never about points of another date."),
    )
    campaigns: tuple[Campaign, ...] = Field(
        default=(),
        max_length=MOST_CAMPAIGNS,
        title=sentence("Bonus campaigns"),
        description=sentence("Days on which purchases bring more points, on all products or on some."),
        json_schema_extra={"new": "entry"},
    )
    tiers: tuple[Tier, ...] = Field(
        default=(),
        max_length=MOST_TIERS,
        title=sentence("Tiers"),
        description=sentence("Levels that customers reach, the lowest first; none means no tiers."),
        json_schema_extra={"new": "entry"},
    )
    tier_basis: Literal["points", "spend", "orders"] = Field(
        default="points",
        title=sentence("Tiers count"),
        description=sentence("What customers kept of their orders; refunds count from their own day on."),
        json_schema_extra={
            "labels": {
                "points": sentence("points earned, without the tiers' own extra"),
                "spend": sentence("the amount spent"),
                "orders": sentence("the number of orders"),
            }
        },
    )
    tier_months: int = Field(
        default=12,
        ge=1,
        le=120,
        title=sentence("Months that tiers look back"),
        description=sentence("Older orders no longer count."),
    )
    rewards: tuple[Reward, ...] = Field(
        default=(),
        max_length=MOST_REWARDS,
        title=sentence("Rewards"),
        description=sentence("What points buy, in the order in which your customers see it."),
        json_schema_extra={"new": "entry"},
    )

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        if len({reward.id for reward in self.rewards}) != len(self.rewards):
            raise WrongField("rewards", sentence("Two rewards have the same short name."))
        if len({campaign.id for campaign in self.campaigns}) != len(self.campaigns):
            raise WrongField("campaigns", sentence("Two campaigns have the same short name."))
        refuse_disorder(self.tiers)
        return self
