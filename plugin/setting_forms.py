"""A section of settings as a form: each field's label, help, kind and present value, ready to be shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args, get_origin

from pydantic.fields import FieldInfo

from plugin.core.money import exponent, major, minor
from plugin.errors import Invalid
from plugin.language import Language
from plugin.setting_errors import NUMBER
from plugin.settings import Section

Kind: TypeAlias = Literal["switch", "choice", "number", "money", "time", "list", "text"]

NO_ERRORS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class FormField:
    """One field; ``value`` is what its input holds, ``step`` the smallest step of a number."""

    name: str
    title: str
    help: str
    kind: Kind
    value: str
    checked: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    step: str | None = None
    least: str | None = None
    most: str | None = None
    error: str | None = None


def form(
    section: Section,
    language: Language,
    currency: str,
    *,
    typed: Mapping[str, str] = NO_ERRORS,
    errors: Mapping[str, str] = NO_ERRORS,
) -> tuple[FormField, ...]:
    """Return the section's fields in their order; ``typed`` is shown instead of the stored value after a refusal."""
    return tuple(
        _field(name, info, getattr(section, name), language, currency, typed.get(name), errors.get(name))
        for name, info in type(section).model_fields.items()
    )


def patch_of(
    model: type[Section], submitted: Mapping[str, str], currency: str, language: Language
) -> dict[str, object]:
    """Return what a submitted form asks for: an unchecked switch is absent from it, money is typed in units.

    Raises Invalid for an amount that is no number of minor units; everything else is left to the validation.
    """
    patch: dict[str, object] = {}
    for name, info in model.model_fields.items():
        kind = _kind(info)
        if kind == "switch":
            patch[name] = submitted.get(name) in {"on", "true"}
        elif name in submitted:
            text = submitted[name].strip()
            patch[name] = _minor(name, text, currency, language) if kind == "money" else text
    return patch


def _field(
    name: str,
    info: FieldInfo,
    value: Any,
    language: Language,
    currency: str,
    typed: str | None,
    error: str | None,
) -> FormField:
    kind = _kind(info)
    bounds = {
        type(bound).__name__: str(major(limit, currency) if kind == "money" else limit)
        for bound in info.metadata
        for limit in [getattr(bound, type(bound).__name__.lower(), None)]
        if limit is not None
    }
    return FormField(
        name=name,
        title=language.gettext(info.title or name),
        help=language.gettext(info.description) if info.description else "",
        kind=kind,
        value=typed if typed is not None else _written(kind, value, currency),
        checked=value is True,
        choices=tuple((str(choice), language.gettext(_label(info, choice))) for choice in _choices(info)),
        step=_step(info, kind, currency),
        least=bounds.get("Ge"),
        most=bounds.get("Le"),
        error=error,
    )


def _kind(info: FieldInfo) -> Kind:
    types = set(get_args(info.annotation)) | {info.annotation}
    if _choices(info):
        return "choice"
    if bool in types:
        return "switch"
    if any(get_origin(one) in {list, tuple, set, frozenset, dict} for one in types):
        return "list"
    if int in types or Decimal in types:
        return "money" if _extra(info).get("unit") == "money" else "number"
    return "time" if time in types else "text"


def _choices(info: FieldInfo) -> tuple[Any, ...]:
    return get_args(info.annotation) if get_origin(info.annotation) is Literal else ()


def _label(info: FieldInfo, choice: object) -> str:
    labels = _extra(info).get("labels")
    return str(labels.get(str(choice), choice)) if isinstance(labels, dict) else str(choice)


def _extra(info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    return dict(extra) if isinstance(extra, dict) else {}


def _written(kind: Kind, value: Any, currency: str) -> str:
    if value is None or kind == "switch":
        return ""
    if kind == "money":
        return str(major(value, currency))
    if kind == "time":
        return f"{value:%H:%M}"
    if kind == "list":
        return json.dumps(_plain(value), ensure_ascii=False)
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part) for part in value]
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json")
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)


def _step(info: FieldInfo, kind: Kind, currency: str) -> str | None:
    if kind == "money":
        return str(Decimal(1).scaleb(-exponent(currency)))
    if kind != "number":
        return None
    places = next((one.decimal_places for one in info.metadata if hasattr(one, "decimal_places")), None)
    return str(Decimal(1).scaleb(-places)) if places else "1"


def _minor(name: str, text: str, currency: str, language: Language) -> int:
    try:
        return minor(text.replace(",", "."), currency)
    except ValueError:
        wrong = language.gettext(NUMBER)
        raise Invalid(f"{name}: {wrong}", fields={name: wrong}) from None
