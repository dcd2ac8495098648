"""What a person typed for a setting, read by the type of its field."""

import json
from decimal import Decimal
from types import NoneType
from typing import Any, get_args, get_origin

from plugin.errors import Invalid
from plugin.language import sentence as sentence
from plugin.setting_errors import JSON, Gettext

_COLLECTIONS = {list, tuple, set, frozenset, dict}


def read_text(key: str, annotation: Any, text: str, gettext: Gettext) -> object:
    """Return what ``text`` means for a field of this type; numbers and booleans are left to the validation.

    A list is JSON, or bare values with commas between them; nothing means None where None is allowed.
    Raises Invalid for broken JSON.
    """
    types = _types(annotation)
    bare = text.strip()
    if not bare and NoneType in types:
        return None
    if not types & _COLLECTIONS:
        return text
    if not bare.startswith(("[", "{")):
        return [part.strip() for part in bare.split(",")] if bare else []
    try:
        return json.loads(bare, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise Invalid(f"{key}: {gettext(JSON)}", fields={key: gettext(JSON)}) from None


def _types(annotation: Any) -> set[Any]:
    origin = get_origin(annotation)
    if origin in _COLLECTIONS:
        return {origin}
    found = {part for argument in get_args(annotation) for part in _types(argument)}
    return found | {annotation} if origin is None else found
