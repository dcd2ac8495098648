"""What is wrong with a setting, in one sentence that a person can act on and a catalogue can translate."""

from collections.abc import Callable
from typing import Any, TypeAlias

from pydantic import ValidationError

from plugin.errors import Invalid
from plugin.language import sentence

Gettext: TypeAlias = Callable[[str], str]


NUMBER = sentence("Enter a number.")
AMOUNT = sentence("Enter an amount such as %(example)s.")
AT_LEAST = sentence("Enter at least %(ge)s.")
AT_MOST = sentence("Enter at most %(le)s.")
WHOLE = sentence("Enter a whole number.")
YES_NO = sentence("Enter true or false.")
LIST = sentence("Enter a list.")
JSON = sentence("Enter a list in JSON.")
DATE = sentence("Enter a date such as 2026-12-24.")
TIME = sentence("Enter a time such as 14:00.")
TEXT = sentence("Enter a text.")
OTHER = sentence("This value cannot be used.")

_SENTENCES = {
    "missing": sentence("This field is needed."),
    "extra_forbidden": sentence("There is no such setting."),
    "greater_than": sentence("Enter more than %(gt)s."),
    "greater_than_equal": AT_LEAST,
    "less_than": sentence("Enter less than %(lt)s."),
    "less_than_equal": AT_MOST,
    "decimal_max_places": sentence("Enter at most %(decimal_places)s decimal places."),
    "decimal_max_digits": sentence("Enter at most %(max_digits)s digits."),
    "decimal_whole_digits": sentence("Enter at most %(whole_digits)s digits before the decimal point."),
    "literal_error": sentence("Choose one of these: %(expected)s."),
    "enum": sentence("Choose one of these: %(expected)s."),
    "string_too_short": sentence("Enter at least %(min_length)s characters."),
    "string_too_long": sentence("Enter at most %(max_length)s characters."),
    "string_pattern_mismatch": sentence("This does not have the form that is needed."),
    "too_short": sentence("Enter at least %(min_length)s entries."),
    "too_long": sentence("Enter at most %(max_length)s entries."),
    "json_invalid": JSON,
    "string_type": TEXT,
}
_BY_START = {
    "int_": WHOLE,
    "decimal_": NUMBER,
    "float_": NUMBER,
    "finite_": NUMBER,
    "bool_": YES_NO,
    "date_": DATE,
    "datetime_": DATE,
    "time_": TIME,
    "list_": LIST,
    "tuple_": LIST,
    "set_": LIST,
    "frozen_set_": LIST,
    "dict_": LIST,
    "model_": LIST,
}


class WrongField(ValueError):
    """Raised by a validator that sees several fields: says which one is wrong, and why."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def invalid(error: ValidationError, gettext: Gettext) -> Invalid:
    """Return the refusal: one sentence for each wrong place (``rewards[1].cost``), and the first as the message."""
    fields: dict[str, str] = {}
    for item in error.errors(include_url=False, include_input=False):
        fields.setdefault(_written(_place(item)), _text(item, gettext))
    place, text = next(iter(fields.items()))
    return Invalid(f"{place}: {text}", fields=fields)


def _place(item: Any) -> tuple[str, ...]:
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, WrongField):
        return (*map(str, item["loc"]), cause.field)
    return tuple(map(str, item["loc"])) or ("",)


def _written(place: tuple[str, ...]) -> str:
    head, *rest = place
    return head + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in rest)


def _text(item: Any, gettext: Gettext) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "value_error":
        return gettext(str(context["error"]))
    known = _SENTENCES.get(kind)
    if known is None:
        known = next((text for start, text in _BY_START.items() if kind.startswith(start)), OTHER)
    text: str = gettext(known) % context
    return text
