"""What settings are made of: sections that are stored and versioned as one, and the entries of lists inside them."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Section(BaseModel):
    """A group of settings that is changed and versioned as one; ``section`` is its name in rows and commands.

    Each field's ``title`` and ``description`` are its label and help, translated where they are shown;
    ``json_schema_extra={"unit": "money"}`` says that an integer counts minor units of the shop's currency.
    """

    model_config = _STRICT

    section: ClassVar[str]


class Item(BaseModel):
    """One entry of a list among the settings, such as a reward; its fields say what a section's fields say."""

    model_config = _STRICT
