"""Which values of a change are new campaigns or rules, by what each setting says of itself.

A field's ``"new"`` in ``json_schema_extra`` says when it is: ``"entry"``, with another entry in the list; ``"more"``,
with a greater value, a later day, or another text; ``"less"``, with a smaller one or the first above 0; ``"other"``, with
any other value. An entry that is there already is judged by its own fields. A field that says nothing is never new.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from plugin.setting_kinds import extra_of
from plugin.setting_models import Item, Section

NEW = "new"


def news(before: Section | Item, after: Section | Item, prefix: str = "") -> Iterator[str]:
    """Yield the places (``rewards[1].cost``) at which ``after`` is new; nothing for what is lowered or taken away."""
    for name, info in type(after).model_fields.items():
        old, value, rule = getattr(before, name), getattr(after, name), extra_of(info).get(NEW)
        place = prefix + name
        if _is_entries(value):
            yield from _entries(old, value, place, counts=rule == "entry")
        elif _is_new(rule, old, value):
            yield place


def _is_entries(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(one, Item) for one in value)


def _entries(old: tuple[Any, ...], value: tuple[Any, ...], place: str, *, counts: bool) -> Iterator[str]:
    known = {getattr(one, "id", None): one for one in old}
    for number, one in enumerate(value):
        same = known.get(getattr(one, "id", None)) if hasattr(one, "id") else None
        if same is not None:
            yield from news(same, one, f"{place}[{number}].")
        elif counts:
            yield f"{place}[{number}]"


def _is_new(rule: object, old: Any, value: Any) -> bool:
    if rule is None or value == old:
        return False
    if rule == "other":
        return True
    if isinstance(old, date) or isinstance(value, date):
        return old is not None and (value is None or value > old)  # none is no end
    if isinstance(value, str):
        return bool(value)
    if not _is_number(value):
        return False
    if rule == "less":
        return value > 0 and (not _is_number(old) or not old or value < old)
    return not _is_number(old) or value > old


def _is_number(value: object) -> bool:
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)
