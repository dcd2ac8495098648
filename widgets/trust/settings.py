"""What a merchant says about the shop so that people can trust it."""

import re
from datetime import date
from typing import Self

from pydantic import Field, field_validator, model_validator

from plugin.language import sentence
from plugin.setting_errors import WrongField
from plugin.setting_models import Item
from plugin.settings import Section
from widgets.trust.claims import needs_proof
from widgets.trust.issuers import by_name, imitated
from widgets.trust.links import NAMED, host_of, link, within

MOST_PEOPLE = 6
MOST_SEALS = 8

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_EMAIL = re.compile(r"[^\s@<>\"'(),:;?&#%\\]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,63}")
_SEAL_ID = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._/-]*[A-Za-z0-9])?")
_IMAGE = re.compile(
    r"(?:https://cdn\.shopify\.com/s/files/[0-9/]{1,60}|(?:https://[a-z0-9.-]{1,253})?/cdn/shop)"
    r"/files/([A-Za-z0-9][A-Za-z0-9_.-]{0,120}\.(?:avif|gif|jpe?g|png|svg|webp))(\?v=[0-9]{1,20})?"
)
_PLATFORM = ("myshopify.com", "shopify.com", "shopifycdn.com", "shopifypreview.com")
"""Where anybody can have a page."""

_PHONE = re.compile(r"\+?[0-9](?:[ ()/.-]{0,2}[0-9]){4,19}")


def printable(value: str) -> str:
    """Return a line of text without what nobody can see, trimmed. Raises ValueError."""
    text = value.strip()
    if _UNPRINTABLE.search(text):
        raise ValueError(sentence("Enter one line of plain text."))
    return text


def unproved(value: str) -> str:
    """Return a text that claims nothing about the environment or donations. Raises ValueError."""
    if needs_proof(value):
        raise ValueError(
            sentence(
                "Words about the environment or donations need proof: enter them as a seal, with its link."
            )
        )
    return value


class Person(Item):
    """Somebody who packs parcels."""

    name: str = Field(
        min_length=1,
        max_length=60,
        title=sentence("Name"),
        description=sentence("As your customers may read it; a first name is enough."),
    )
    about: str = Field(
        default="",
        max_length=120,
        title=sentence("What they do"),
        description=sentence("A few words, such as: has packed every parcel since 2019."),
    )

    _printable = field_validator("name", "about")(printable)
    _claims_nothing = field_validator("name", "about")(unproved)


class Seal(Item):
    """A seal, with what it takes to check it."""

    issuer: str = Field(
        min_length=1,
        max_length=60,
        title=sentence("Issuer"),
        description=sentence("Trusted Shops, EHI, TÜV SÜD, or whoever else has issued the seal."),
    )
    seal_id: str = Field(
        min_length=1,
        max_length=80,
        title=sentence("Number of the seal"),
        description=sentence("As it stands on the issuer's page about your shop, such as the TSID."),
    )
    verify_url: str = Field(
        title=sentence("The issuer's page about your shop"),
        description=sentence(
            "We look there when you save and every week. Your customers see the seal only while that page names your shop or the number."
        ),
    )
    valid_until: date = Field(
        title=sentence("Valid until"),
        description=sentence("The last day; afterwards the seal is hidden."),
    )
    says: str = Field(
        default="",
        max_length=60,
        title=sentence("What it says"),
        description=sentence(
            "Left empty, the issuer's name. Words about the environment or donations need a link to their proof (EU directive 2024/825)."
        ),
    )
    proof_url: str = Field(
        default="",
        title=sentence("Link to the proof"),
        description=sentence("Needed for words about the environment or donations; everybody can follow it."),
    )
    image: str = Field(
        default="",
        title=sentence("Picture"),
        description=sentence(
            "The link of a picture that you uploaded under Content, Files. Left empty, a plain badge is drawn; pictures on other servers are not shown."
        ),
    )

    _printable = field_validator("issuer", "seal_id", "says")(printable)

    @field_validator("seal_id")
    @classmethod
    def _is_seal_id(cls, value: str) -> str:
        if value and not _SEAL_ID.fullmatch(value):
            raise ValueError(
                sentence("Enter the number as the issuer writes it: letters, digits, dots and hyphens.")
            )
        return value

    @field_validator("verify_url")
    @classmethod
    def _is_link(cls, value: str) -> str:
        return _elsewhere(link(value))

    @field_validator("proof_url")
    @classmethod
    def _is_proof(cls, value: str) -> str:
        return link(value) if value.strip() else ""

    @field_validator("image")
    @classmethod
    def _is_own_file(cls, value: str) -> str:
        if not value.strip():
            return ""
        found = _IMAGE.fullmatch(value.strip())
        if found is None:
            raise ValueError(
                sentence("Upload the picture under Content, Files in Shopify and enter its link from there.")
            )
        return f"/cdn/shop/files/{found[1]}{found[2] or ''}"

    @model_validator(mode="after")
    def _is_the_issuers(self) -> Self:
        host, named = host_of(self.verify_url), (by_name(self.issuer), by_name(self.says))
        if any(known is not None and not known.owns(host) for known in named):
            raise WrongField("verify_url", sentence("This link does not lead to the issuer's own pages."))
        if imitated(host) is not None:
            raise WrongField("verify_url", sentence("This host looks like an issuer's and is not theirs."))
        if not self.proof_url and needs_proof(self.issuer, self.says):
            raise WrongField(
                "proof_url", sentence("Words about the environment or donations need a link to their proof.")
            )
        return self


def _elsewhere(url: str) -> str:
    """A page in anybody's shop is no issuer's page."""
    if any(within(host_of(url), domain) for domain in _PLATFORM):
        raise ValueError(NAMED)
    return url


class TrustSettings(Section):
    """Who is behind the shop, and how to reach them."""

    section = "trust"

    enabled: bool = Field(
        default=True,
        title=sentence("Trust block switched on"),
        description=sentence("Switched off, it is shown nowhere."),
    )
    seals: tuple[Seal, ...] = Field(
        default=(),
        max_length=MOST_SEALS,
        title=sentence("Seals"),
        description=sentence("Each with the page on which its issuer names your shop; others are not shown."),
    )
    people: tuple[Person, ...] = Field(
        default=(),
        max_length=MOST_PEOPLE,
        title=sentence("Who packs the parcels"),
        description=sentence("Your customers see the names in this order. Ask everybody you name."),
    )
    hours: str = Field(
        default="",
        max_length=120,
        title=sentence("When you can be reached"),
        description=sentence("Such as: Monday to Friday, 9 to 16. Your customers read it as you write it."),
    )
    email: str = Field(
        default="",
        max_length=254,
        title=sentence("E-mail"),
        description=sentence("For questions of your customers; anybody can read it."),
    )
    phone: str = Field(
        default="",
        max_length=40,
        title=sentence("Phone"),
        description=sentence("With the country's code, such as +49 89 123456."),
    )

    _printable = field_validator("hours", "email", "phone")(printable)
    _claims_nothing = field_validator("hours")(unproved)

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len({(seal.issuer, seal.seal_id, seal.verify_url) for seal in self.seals}) < len(self.seals):
            raise WrongField("seals", sentence("Two of the seals are the same."))
        return self

    @field_validator("email")
    @classmethod
    def _is_email(cls, value: str) -> str:
        if value and not _EMAIL.fullmatch(value):
            raise ValueError(sentence("Enter an e-mail address such as hello@example.com."))
        return value

    @field_validator("phone")
    @classmethod
    def _is_phone(cls, value: str) -> str:
        if value and not _PHONE.fullmatch(value):
            raise ValueError(sentence("Enter a phone number such as +49 89 123456."))
        return value
