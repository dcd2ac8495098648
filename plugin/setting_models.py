"""What settings are made of: sections that are stored and versioned as one, and the entries of lists inside them."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Section(BaseModel):
    """A group of settings that is changed and versioned as one; ``section`` is its name in rows and commands.

    Each field's ``title`` and ``description`` are its label and help, translated where they are shown.
    ``json_schema_extra`` says what the type cannot:

    - ``"unit": "money"``: an integer counts minor units of the shop's currency; ``"percent"``: a number of percent.
    - ``"by": "kind", "units": {"amount": "money", "percentage": "percent"}``: what the choice in the field ``kind``
      decides; ``"text"`` and ``"number"`` are units too, and by a choice that is not listed nothing is asked for.
      ``"by": "/basis"`` in an entry of a list is a field of the section.
    - ``"beside": "loyalty"``: it is shown on that widget's page as well, with a link to where it is changed.
    - ``"new": "more"``: a greater value is a new rule, which waits beyond a plan's limit; ``plugin.billing.novelty`` has
      the others.
    - ``"labels": {"sie": "politely"}``: the words for choices; ``"places": ("From", "To")``: for a pair of numbers.
    """

    model_config = _STRICT

    section: ClassVar[str]


class Item(BaseModel):
    """One entry of a list among the settings, such as a reward; its fields say what a section's fields say.

    A field ``id: str`` is filled in by the editor, from ``title`` where there is one, and is never shown.
    """

    model_config = _STRICT
