"""The form by which staff gives or takes points: what it holds, what is wrong with it, and what it asks to be sure of."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from plugin.core.adjustments import REASON_LENGTH
from plugin.errors import Invalid
from plugin.language import Language, sentence

MOST_POINTS = 10_000_000
SHORTEST_REASON = 3

_POINTS = re.compile(r"([+\-−]?)([0-9]{1,12})")
_NONCE = re.compile(r"[0-9a-f]{32}")
_NUMBER = re.compile(r"[1-9][0-9]{0,18}")
_NO_POINTS = sentence("Enter a whole number of points, with a minus to take some away.")
_TOO_MANY = sentence("Enter at most %(most)s points at once.")
_NO_REASON = sentence("Enter a reason of %(least)s to %(most)s characters.")
SHORT = sentence("Only %(available)s points can be spent; no more can be taken away.")
NOBODY = sentence("This customer has no account any more. Nothing was posted.")
TAKEN = sentence("This form was used already. Please look at it once more and send it again.")


@dataclass(frozen=True, slots=True)
class AdjustView:
    """The form as it is shown; ``sure`` is the sentence to agree to, ``nonce`` makes one form post once."""

    customer_id: int
    nonce: str
    points: str = ""
    reason: str = ""
    told: bool = False
    errors: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    sure: tuple[str, ...] = ()

    @property
    def wrong(self) -> str:
        """What is wrong with no field in particular."""
        return self.errors.get("", "")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form asks for, well-formed."""

    customer_id: int
    nonce: str
    points: int
    reason: str
    told: bool


def blank(customer_id: int) -> AdjustView:
    """Return an empty form for this customer."""
    return AdjustView(customer_id, fresh_nonce())


def fresh_nonce() -> str:
    """Return what names one form, and with it the one entry that it may post."""
    return secrets.token_hex(16)


def shown(form: Mapping[str, str]) -> AdjustView:
    """Return the form as it was sent. Raises Invalid for what no page of ours sends."""
    customer, nonce = form.get("customer", ""), form.get("nonce", "")
    if not _NUMBER.fullmatch(customer) or int(customer) >= 2**63 or not _NONCE.fullmatch(nonce):
        raise Invalid(sentence("This form cannot be read."))
    return AdjustView(
        int(customer), nonce, form.get("points", "").strip(), form.get("reason", "").strip(), "told" in form
    )


def wish(view: AdjustView, language: Language) -> Wish:
    """Return what the form asks for. Raises Invalid with a sentence for each wrong field."""
    errors: dict[str, str] = {}
    found = _POINTS.fullmatch(view.points.replace(" ", ""))
    points = int(found[2]) * (-1 if found[1] in {"-", "−"} else 1) if found else 0
    if points == 0:
        errors["points"] = language.gettext(_NO_POINTS)
    elif abs(points) > MOST_POINTS:
        errors["points"] = language.gettext(_TOO_MANY, most=language.number(MOST_POINTS))
    reason = " ".join(view.reason.split())
    if not SHORTEST_REASON <= len(reason) <= REASON_LENGTH or not reason.isprintable():
        errors["reason"] = language.gettext(_NO_REASON, least=SHORTEST_REASON, most=REASON_LENGTH)
    if errors:
        raise Invalid(next(iter(errors.values())), fields=errors)
    return Wish(view.customer_id, view.nonce, points, reason, view.told)
