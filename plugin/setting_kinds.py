"""What kind of input a setting is: read from its type, and from what the field says of itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from plugin.core.money import exponent, major
from plugin.setting_models import Item

Kind: TypeAlias = Literal[
    "switch", "choice", "number", "money", "percent", "time", "date", "text", "words", "pair", "rows", "json"
]
"""``words``: short values with commas between them; ``pair``: as many inputs as the tuple has places; ``rows``: an
entry each, added and removed; ``json``: what none of these can hold."""

PLAIN = frozenset({"number", "money", "percent", "text"})
"""What a field may turn into by the choice made in another one."""

_UNITS: Mapping[str, Kind] = {"money": "money", "percent": "percent", "number": "number", "text": "text"}
_ALL_OF_IT = 100
_LISTS = (tuple, list, set, frozenset)


@dataclass(frozen=True, slots=True)
class Shape:
    """A field's input; ``places`` are the fields of a pair, or the one field of each plain entry of a list.

    ``by`` names the sibling, or with ``above`` the section's field, whose choice decides, and ``units`` says by that
    choice what is asked for; by a choice that is not in it, nothing is.
    """

    kind: Kind
    optional: bool = False
    item: type[Item] | None = None
    places: tuple[FieldInfo, ...] = ()
    by: str = ""
    above: bool = False
    units: Mapping[str, Kind] | None = None


def shape(info: FieldInfo) -> Shape:
    """Return how the field is asked for."""
    found = _members(info.annotation)
    optional = NoneType in found
    types = [one for one in found if one is not NoneType]
    extra = extra_of(info)
    if units := extra.get("units"):
        kinds = {str(choice): _UNITS[unit] for choice, unit in units.items()}
        by = str(extra["by"])
        first, above = next(iter(kinds.values())), by.startswith("/")
        return Shape(first, optional, by=by.removeprefix("/"), above=above, units=kinds)
    if choices(info):
        return Shape("choice", optional)
    if len(types) == 1 and (get_origin(types[0]) in _LISTS or types[0] in _LISTS):
        return _list(types[0], optional=optional)
    return Shape(_plain(types, extra), optional)


def _list(annotation: Any, *, optional: bool) -> Shape:
    parts = get_args(annotation)
    if get_origin(annotation) is tuple and Ellipsis not in parts:
        places = tuple(_info(part) for part in parts)
        if parts and all(shape(place).kind in {"number", "money"} for place in places):
            return Shape("pair", optional, places=places)
        return Shape("json", optional)
    if not parts:
        return Shape("json", optional)
    one = _info(parts[0])
    if isinstance(one.annotation, type) and issubclass(one.annotation, Item):
        return Shape("rows", optional, item=one.annotation)
    inner = shape(one).kind
    if inner == "date":
        return Shape("rows", optional, places=(one,))
    return Shape("words" if inner in {"text", "number", "choice", "time"} else "json", optional)


def _plain(types: list[Any], extra: Mapping[str, Any]) -> Kind:
    if bool in types:
        return "switch"
    if int in types or Decimal in types:
        return _UNITS.get(str(extra.get("unit")), "number")
    if types == [time]:
        return "time"
    if types == [date]:
        return "date"
    if any(get_origin(one) is dict or one is dict for one in types):
        return "json"
    return "text"


def _members(annotation: Any) -> list[Any]:
    """The types of a union, without what annotates them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0])
    if origin in {Union, UnionType}:
        return [part for argument in get_args(annotation) for part in _members(argument)]
    return [annotation]


def _info(annotation: Any) -> FieldInfo:
    return FieldInfo.from_annotation(annotation)


def choices(info: FieldInfo) -> tuple[Any, ...]:
    """Return the values to choose from, none where the field is no choice."""
    found = [one for one in _members(info.annotation) if one is not NoneType]
    return get_args(found[0]) if len(found) == 1 and get_origin(found[0]) is Literal else ()


def default_of(info: FieldInfo) -> Any:
    """Return what a field of a new entry holds; None where something has to be entered."""
    return None if info.is_required() else info.get_default(call_default_factory=True, validated_data={})


def extra_of(info: FieldInfo) -> dict[str, Any]:
    """Return what the field says of itself beside its type."""
    extra = info.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def bounds(info: FieldInfo, kind: Kind, currency: str) -> tuple[str | None, str | None]:
    """Return the least and the greatest value as they are typed; nothing is more than 100 percent of itself."""
    found = {
        type(bound).__name__: str(major(limit, currency) if kind == "money" else limit)
        for bound in info.metadata
        for limit in [getattr(bound, type(bound).__name__.lower(), None)]
        if limit is not None
    }
    most = found.get("Le")
    if kind == "percent" and (most is None or Decimal(most) > _ALL_OF_IT):
        most = str(_ALL_OF_IT)
    return found.get("Ge"), most


def step(info: FieldInfo, kind: Kind, currency: str) -> str | None:
    """Return the smallest step of a number."""
    if kind == "money":
        return str(Decimal(1).scaleb(-exponent(currency)))
    if kind not in {"number", "percent"}:
        return None
    places = next((one.decimal_places for one in info.metadata if hasattr(one, "decimal_places")), None)
    return str(Decimal(1).scaleb(-places)) if places else "1"


def written(kind: Kind, value: Any, currency: str) -> str:
    """Return what the input holds for a stored value."""
    if value is None or kind in {"switch", "rows", "pair"}:
        return ""
    if kind == "money":
        return str(major(value, currency)) if isinstance(value, int) else str(value)
    if kind == "time":
        return f"{value:%H:%M}"
    if kind == "words":
        return _words([_simple(part) for part in value])
    if kind == "json":
        return json.dumps(_simple(value), ensure_ascii=False)
    return str(value)


def _words(parts: list[Any]) -> str:
    texts = [str(part) for part in parts]
    if any("," in text or text.strip() != text or text.startswith(("[", "{")) for text in texts):
        return json.dumps(parts, ensure_ascii=False)
    return ", ".join(texts)


def _simple(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _simple(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_simple(part) for part in value]
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json")
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
