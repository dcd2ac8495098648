"""A section of settings as a form: each field's label, help, kind and present value, ready to be shown.

An input is named after its field. A list of entries is one hidden input with the keys of its entries in their order,
and for each entry its fields, named ``rewards.<key>.cost``; errors know the same place as ``rewards[1].cost``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from pydantic.fields import FieldInfo

from plugin.language import Language
from plugin.language import sentence as sentence
from plugin.setting_kinds import Kind, bounds, choices, default_of, extra_of, shape, step, written
from plugin.setting_models import Item
from plugin.settings import Section

NO_ERRORS: Mapping[str, str] = MappingProxyType({})

MADE = "id"
"""The field of an entry that the editor fills in: nobody types it."""

_FROM, _TO = sentence("From"), sentence("To")


@dataclass(frozen=True, slots=True)
class FormField:
    """One field; ``value`` is what its input holds, ``step`` the smallest step of a number.

    ``path`` is where errors and notes know it. A field with ``when`` (an input's name and its value) is asked for
    only while that input holds that value; ``off`` says that it does not now. ``places`` are the inputs of a pair. ``waits`` says what waits for a larger plan,
    and ``closed`` that nothing else can be chosen, or no entry added, until then.
    """

    name: str
    path: str
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
    when: tuple[str, str] | None = None
    off: bool = False
    places: "tuple[FormField, ...]" = ()
    rows: "tuple[FormRow, ...]" = ()
    waits: str = ""
    closed: bool = False

    @property
    def id(self) -> str:
        """The end of the ids of what belongs to this input."""
        return _id(self.name) + (f"--{self.when[1]}" if self.when else "")


@dataclass(frozen=True, slots=True)
class FormRow:
    """One entry of a list: how it is called, its inputs, and what is carried along unseen.

    ``named_by`` is the input whose text it is called by. A plain value, which is no ``Item``, has one input and is
    called as its list.
    """

    name: str
    path: str
    key: str
    title: str
    fields: tuple[FormField, ...]
    hidden: tuple[tuple[str, str], ...] = ()
    error: str | None = None
    new: bool = False
    of_item: bool = True
    named_by: str = ""

    @property
    def id(self) -> str:
        """The end of the ids of what belongs to this entry."""
        return _id(self.name)

    @property
    def opened(self) -> bool:
        """Whether its inputs are in sight at once."""
        return self.new or bool(self.error) or any(field.error for field in self.fields)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all fields of one form share; ``typed`` is empty unless a form was submitted.

    ``section`` returns the value of one of the section's own fields.
    """

    section: Callable[[str], Any]
    language: Language
    currency: str
    typed: Mapping[str, str]
    errors: Mapping[str, str]


def form(
    section: Section,
    language: Language,
    currency: str,
    *,
    typed: Mapping[str, str] = NO_ERRORS,
    errors: Mapping[str, str] = NO_ERRORS,
) -> tuple[FormField, ...]:
    """Return the section's fields in their order; after a refusal what was typed is shown instead of what is stored."""
    value_of = _value_of(type(section), section)
    asked = _Asked(value_of, language, currency, typed, errors)
    return tuple(_fields(type(section).model_fields, value_of, asked, "", ""))


def blank_row(model: type[Section], name: str, key: str, language: Language, currency: str) -> FormRow | None:
    """Return an entry to be filled in, for a list among the section's fields; None where there is none of that name."""
    info = model.model_fields.get(name)
    if info is None or shape(info).kind != "rows":
        return None
    asked = _Asked(_value_of(model, None), language, currency, NO_ERRORS, NO_ERRORS)
    return _row(info, name, name, key, None, asked, new=True)


def _fields(
    infos: Mapping[str, FieldInfo],
    value_of: Callable[[str], Any],
    asked: _Asked,
    prefix: str,
    place: str,
) -> Iterator[FormField]:
    """The fields of a section or an entry; one that is asked for in several ways comes once for each."""
    for name, info in infos.items():
        found, value = shape(info), value_of(name)
        if found.units is None:
            yield _field(info, found.kind, value, asked, prefix + name, place + name)
            continue
        by = found.by if found.above else prefix + found.by
        stored = asked.section if found.above else value_of
        chosen = asked.typed.get(by) or str(stored(found.by))
        for choice, kind in found.units.items():
            on = choice == chosen
            yield _field(
                info,
                kind,
                value if on else None,
                asked if on else replace(asked, typed=NO_ERRORS, errors=NO_ERRORS),
                prefix + name,
                place + name,
                when=(by, choice),
                off=not on,
            )


def _field(
    info: FieldInfo,
    kind: Kind,
    value: Any,
    asked: _Asked,
    name: str,
    path: str,
    *,
    when: tuple[str, str] | None = None,
    off: bool = False,
) -> FormField:
    gettext = asked.language.gettext
    typed = asked.typed.get(name)
    least, most = bounds(info, kind, asked.currency)
    return FormField(
        name=name,
        path=path,
        title=gettext(info.title or name.rpartition(".")[2]),
        help=gettext(info.description) if info.description else "",
        kind=kind,
        value=typed if typed is not None else written(kind, value, asked.currency),
        checked=name in asked.typed if asked.typed else value is True,
        choices=tuple((str(choice), gettext(_label(info, choice))) for choice in _choices(info)),
        step=step(info, kind, asked.currency),
        least=least,
        most=most,
        error=_error(asked.errors, path, kind),
        when=when,
        off=off,
        places=_places(info, value, asked, name, path) if kind == "pair" else (),
        rows=_rows(info, value, asked, name, path) if kind == "rows" else (),
    )


def _places(info: FieldInfo, value: Any, asked: _Asked, name: str, path: str) -> tuple[FormField, ...]:
    found = shape(info).places
    titles = extra_of(info).get("places") or (_FROM, _TO)
    made = []
    for number, place in enumerate(found):
        one = value[number] if value is not None else None
        field = _field(place, shape(place).kind, one, asked, f"{name}.{number}", f"{path}[{number}]")
        title = asked.language.gettext(titles[number]) if number < len(titles) else str(number + 1)
        made.append(replace(field, title=title))
    return tuple(made)


def _rows(info: FieldInfo, value: Any, asked: _Asked, name: str, path: str) -> tuple[FormRow, ...]:
    keys = asked.typed.get(name)
    if keys is None:
        stored = [(str(number), one) for number, one in enumerate(value or ())]
    else:
        stored = [(key, None) for key in keys.split()]
    return tuple(
        _row(info, name, f"{path}[{number}]", key, one, asked) for number, (key, one) in enumerate(stored)
    )


def _row(
    info: FieldInfo, name: str, path: str, key: str, value: Any, asked: _Asked, *, new: bool = False
) -> FormRow:
    found, own = shape(info), f"{name}.{key}"
    if found.item is None:
        place = found.places[0]
        field = _field(place, shape(place).kind, value, asked, own, path)
        title = asked.language.gettext(info.title or name)
        return FormRow(own, path, key, title, (replace(field, title=title),), new=new, of_item=False)
    infos = found.item.model_fields
    shown = {one: about for one, about in infos.items() if one != MADE}
    fields = tuple(_fields(shown, _value_of(found.item, value), asked, f"{own}.", f"{path}."))
    kept = asked.typed.get(f"{own}.{MADE}", str(getattr(value, MADE, "")))
    hidden = ((f"{own}.{MADE}", kept),) if MADE in infos else ()
    known = [one.path for one in fields]
    error = next(
        (text for at, text in asked.errors.items() if _is_under(at, path) and not _is_any(at, known)), None
    )
    naming = _naming(fields)
    said = dict(naming.choices).get(naming.value, naming.value).strip() if naming else ""
    title = said or asked.language.gettext("New entry")
    return FormRow(own, path, key, title, fields, hidden, error, new, named_by=naming.name if naming else "")


def _naming(fields: tuple[FormField, ...]) -> FormField | None:
    """The field that an entry is called by: its title, or else the first one in words."""
    found = [field for field in fields if field.kind in {"text", "words", "choice", "date"} and not field.off]
    found.sort(key=lambda field: not field.name.endswith((".title", ".name")))
    return found[0] if found else None


def _value_of(model: type[Section | Item], value: Any) -> Callable[[str], Any]:
    if value is not None:
        return lambda name: getattr(value, name)
    return lambda name: default_of(model.model_fields[name])


def _choices(info: FieldInfo) -> tuple[Any, ...]:
    found = choices(info)
    return ("", *found) if found and shape(info).optional else found


def _label(info: FieldInfo, choice: object) -> str:
    labels = extra_of(info).get("labels")
    if choice == "" and not (isinstance(labels, dict) and "" in labels):
        return "–"
    return str(labels.get(str(choice), choice)) if isinstance(labels, dict) else str(choice)


def _error(errors: Mapping[str, str], path: str, kind: Kind) -> str | None:
    """What is wrong with this field; what is wrong inside an entry of a list is said there."""
    deeper = f"{path}[" if kind in {"rows", "pair"} else None
    for at, text in errors.items():
        if at == path or (_is_under(at, path) and not (deeper and at.startswith(deeper))):
            return text
    return None


def _is_under(at: str, path: str) -> bool:
    return at == path or at.startswith((f"{path}.", f"{path}["))


def _is_any(at: str, paths: list[str]) -> bool:
    return any(_is_under(at, path) for path in paths)


def _id(name: str) -> str:
    return name.replace(".", "-")
