"""What a submitted form of settings asks for, read field by field as ``plugin.setting_forms`` named its inputs."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import get_args

from pydantic.fields import FieldInfo

from plugin.core.money import exponent, minor
from plugin.errors import Invalid
from plugin.language import Language
from plugin.setting_errors import AMOUNT, AT_LEAST, AT_MOST, WHOLE
from plugin.setting_forms import MADE
from plugin.setting_input import read_text
from plugin.setting_kinds import Kind, Shape, choices, default_of, shape
from plugin.setting_models import Item, Section

MOST_ROWS = 1000
"""Entries of one list that a form may hold; fewer where the list itself says so."""

_KEY = re.compile(r"[a-z0-9]{1,8}")
_MOST_WORDS = 11
"""With a key behind them they fit into every list's own ids."""
_SPELLED: dict[int, str] = {
    ord(letter): word for letter, word in zip("äöüß€", ("ae", "oe", "ue", "ss", " euro "), strict=True)
}
_SWITCHED_ON = frozenset({"on", "true"})
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class _Form:
    """A submitted form, and what is found wrong with it on the way."""

    section: type[Section]
    submitted: Mapping[str, str]
    currency: str
    language: Language
    wrong: dict[str, str] = field(default_factory=dict)


def patch_of(
    model: type[Section], submitted: Mapping[str, str], currency: str, language: Language
) -> dict[str, object]:
    """Return what a submitted form asks for: an unchecked switch is absent from it, money is typed in units.

    Raises Invalid for each amount that the currency or the field's bounds do not allow; everything else is left to
    the validation.
    """
    form = _Form(model, submitted, currency, language)
    found = {name: _read(form, info, model, "", name, name) for name, info in model.model_fields.items()}
    if form.wrong:
        path, text = next(iter(form.wrong.items()))
        raise Invalid(f"{path}: {text}", fields=form.wrong)
    return {name: value for name, value in found.items() if value is not _NOTHING}


def keys_of(submitted: Mapping[str, str], name: str) -> list[str]:
    """Return the keys of a list's entries in their order. Raises Invalid for what no page of ours sends."""
    keys = submitted[name].split()
    well_formed = all(_KEY.fullmatch(key) for key in keys)
    if not well_formed or len(set(keys)) != len(keys) or len(keys) > MOST_ROWS:
        raise Invalid("This form cannot be read.")
    return keys


def _read(
    form: _Form, info: FieldInfo, model: type[Section | Item], prefix: str, field_name: str, path: str
) -> object:
    """The value of one field: text where the validation will read it, ``_NOTHING`` where the form is silent."""
    name = prefix + field_name
    found = shape(info)
    kind = _kind(form, found, model, prefix)
    if kind == "switch":
        return form.submitted.get(name) in _SWITCHED_ON
    if kind == "pair":
        return _pair(form, found, name, path)
    if kind is None or name not in form.submitted:
        return _NOTHING
    if kind == "rows":
        return _rows(form, found, name, path)
    text = form.submitted[name].strip()
    if kind == "money":
        return None if not text and found.optional else _minor(form, path, text, info)
    if kind == "percent" and found.units and str in get_args(info.annotation):
        return _whole(form, path, text)
    return text.replace(",", ".") if kind in {"number", "percent"} and _is_decimal(info) else text


def _kind(form: _Form, found: Shape, model: type[Section | Item], prefix: str) -> Kind | None:
    """What is asked for, by the choice made beside or above it; None where nothing is."""
    if found.units is None:
        return found.kind
    decides = (form.section if found.above else model).model_fields[found.by]
    name = found.by if found.above else prefix + found.by
    chosen = form.submitted.get(name) or str(next(iter(choices(decides)), ""))
    return found.units.get(chosen)


def _pair(form: _Form, found: Shape, name: str, path: str) -> object:
    texts = [form.submitted.get(f"{name}.{number}") for number in range(len(found.places))]
    if all(text is None for text in texts):
        return _NOTHING
    if found.optional and not any(text and text.strip() for text in texts):
        return None
    return [
        _minor(form, f"{path}[{number}]", text or "", place)
        if shape(place).kind == "money"
        else (text or "").strip()
        for number, (place, text) in enumerate(zip(found.places, texts, strict=True))
    ]


def _rows(form: _Form, found: Shape, name: str, path: str) -> list[object]:
    keys = keys_of(form.submitted, name)
    if found.item is None:
        texts = [form.submitted.get(f"{name}.{key}", "").strip() for key in keys]
        return [text for text in texts if text]
    return [
        _entry(form, found.item, f"{name}.{key}", key, f"{path}[{number}]") for number, key in enumerate(keys)
    ]


def _entry(form: _Form, item: type[Item], own: str, key: str, path: str) -> dict[str, object]:
    gettext = form.language.gettext
    entry: dict[str, object] = {}
    for name, info in item.model_fields.items():
        at = f"{path}.{name}"
        value = _read(form, info, item, f"{own}.", name, at)
        if isinstance(value, str):
            try:
                value = read_text(at, info.annotation, value, gettext)
            except Invalid as error:
                form.wrong.update(error.fields)
        if value is _NOTHING and not info.is_required():
            value = default_of(info)
        if value is not _NOTHING:
            entry[name] = value
    if MADE in item.model_fields and not entry.get(MADE):
        entry[MADE] = made_id(_title(form, item, own), key)
    return entry


def made_id(title: str, key: str) -> str:
    """Return a short id for a new entry, readable and unlike that of any entry that was removed."""
    folded = title.lower().translate(_SPELLED)
    plain = unicodedata.normalize("NFKD", folded).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MOST_WORDS].strip("-")
    return f"{words}-{key}" if words else key


def _title(form: _Form, item: type[Item], own: str) -> str:
    named = [name for name in ("title", "name") if name in item.model_fields]
    return next((text for name in named if (text := form.submitted.get(f"{own}.{name}", ""))), "")


def _is_decimal(info: FieldInfo) -> bool:
    return Decimal in (info.annotation, *get_args(info.annotation))


def _whole(form: _Form, path: str, text: str) -> int:
    """A field that may hold a text as well would take a number's digits for one."""
    try:
        return int(text)
    except ValueError:
        form.wrong[path] = form.language.gettext(WHOLE)
        return 0


def _minor(form: _Form, path: str, text: str, info: FieldInfo) -> int:
    """An amount of the shop's currency, whose bounds are told as amounts."""
    gettext, currency = form.language.gettext, form.currency
    try:
        amount = typed_amount(text, currency)
    except ValueError:
        form.wrong[path] = gettext(AMOUNT, example=form.language.money(_example(currency), currency))
        return 0
    for bound in info.metadata:
        least, most = getattr(bound, "ge", None), getattr(bound, "le", None)
        if least is not None and amount < least:
            form.wrong[path] = gettext(AT_LEAST, ge=form.language.money(least, currency))
        if most is not None and amount > most:
            form.wrong[path] = gettext(AT_MOST, le=form.language.money(most, currency))
    return amount


def typed_amount(text: str, currency: str) -> int:
    """Return a typed amount in minor units; ValueError unless it has at most the currency's places.

    A comma is a decimal comma: 1,000 is refused in euros and in yen, rather than taken for one.
    """
    places = exponent(currency)
    fraction = f"([.,][0-9]{{1,{places}}})?" if places else ""
    bare = text.strip()
    if not re.fullmatch(f"[+-]?[0-9]{{1,18}}{fraction}", bare):
        raise ValueError("no amount of this currency")
    return minor(bare.replace(",", "."), currency)


def _example(currency: str) -> int:
    """An amount that shows the currency's places: 12.50, or 1250 where it has none."""
    scale: int = 10 ** max(0, exponent(currency) - 2)
    return 1250 * scale
