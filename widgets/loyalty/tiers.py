"""Tiers as a merchant enters them: from when on each is reached, and what it brings."""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from pydantic import Field, field_validator

from plugin.core import ladder
from plugin.setting_errors import WrongField
from plugin.setting_input import sentence
from plugin.settings import Item

MOST_TIERS = 10


class Tier(Item):
    """One tier; the list goes from the lowest to the highest."""

    id: str = Field(
        pattern=r"^[A-Za-z0-9._:-]{1,40}$",
        title=sentence("Short name"),
        description=sentence("Letters and digits; it stays with the tier when you change the rest."),
    )
    title: str = Field(
        min_length=1,
        max_length=80,
        pattern=r"\S",
        title=sentence("Title"),
        description=sentence("What your customers read."),
    )
    threshold: int = Field(
        ge=1,
        le=10**12,
        title=sentence("Reached from"),
        description=sentence("Points, orders or an amount, whichever tiers count."),
        json_schema_extra={
            "new": "less",
            "by": "/tier_basis",
            "units": {"points": "number", "spend": "money", "orders": "number"},
        },
    )
    multiplier: Decimal = Field(
        default=Decimal(1),
        ge=1,
        le=10,
        max_digits=5,
        decimal_places=3,
        title=sentence("Times as many points"),
        description=sentence("For every order while the tier is held; 1 changes nothing."),
        json_schema_extra={"new": "more"},
    )
    entry_points: int = Field(
        default=0,
        ge=0,
        le=10**6,
        title=sentence("Points for reaching it"),
        description=sentence("Given once; they can be spent when the order that brought them can."),
        json_schema_extra={"new": "more"},
    )
    customer_tag: str = Field(
        default="",
        max_length=100,
        pattern=r"^[^,]*$",
        title=sentence("Tag on the customer"),
        description=sentence("Set in Shopify while the tier is held, for early access; empty means none."),
    )

    @field_validator("customer_tag", mode="before")
    @classmethod
    def _without_margins(cls, value: object) -> object:
        return value.strip() if isinstance(value, str) else "" if value is None else value


def refuse_disorder(tiers: Sequence[Tier]) -> None:
    """Raise WrongField where two tiers have one name, or a later one is reached no later."""
    if len({tier.id for tier in tiers}) != len(tiers):
        raise WrongField("tiers", sentence("Two tiers have the same short name."))
    for number, tier in enumerate(tiers[1:], 1):
        if tier.threshold <= tiers[number - 1].threshold:
            text = sentence("Enter more than at the tier before: tiers go from the lowest to the highest.")
            raise WrongField(f"tiers[{number}].threshold", text)


@lru_cache(4096)
def ladder_of(tiers: tuple[Tier, ...], basis: str, months: int) -> ladder.Ladder:
    """Return the tiers as orders are counted by them."""
    return ladder.Ladder(tuple(map(_tier, tiers)), ladder.Basis(basis), months)


def _tier(tier: Tier) -> ladder.Tier:
    return ladder.Tier(
        id=tier.id,
        title=tier.title,
        threshold=tier.threshold,
        multiplier=int(tier.multiplier * 1000),
        entry_points=tier.entry_points,
        tag=tier.customer_tag or None,
    )
