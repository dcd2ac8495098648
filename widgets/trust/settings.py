"""What a merchant says about the shop so that people can trust it."""

import re

from pydantic import Field, field_validator

from plugin.language import sentence
from plugin.setting_models import Item
from plugin.settings import Section

MOST_PEOPLE = 6

_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_EMAIL = re.compile(r"[^\s@<>\"'(),:;?&#%\\]{1,64}@(?:[\w-]{1,63}\.)+[^\W\d_]{2,63}")
_PHONE = re.compile(r"\+?[0-9](?:[ ()/.-]{0,2}[0-9]){4,19}")


def printable(value: str) -> str:
    """Return a line of text without what nobody can see, trimmed. Raises ValueError."""
    text = value.strip()
    if _UNPRINTABLE.search(text):
        raise ValueError(sentence("Enter one line of plain text."))
    return text


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


class TrustSettings(Section):
    """Who is behind the shop, and how to reach them."""

    section = "trust"

    enabled: bool = Field(
        default=True,
        title=sentence("Trust block switched on"),
        description=sentence("Switched off, it is shown nowhere."),
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
