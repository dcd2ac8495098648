"""What a merchant had entered and another tab was faster with, in words, so that nothing is lost silently."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from plugin.language import Language
from plugin.setting_forms import FormField, FormRow


@dataclass(frozen=True, slots=True)
class Discarded:
    """What was entered for a setting that holds something else now."""

    title: str
    typed: str


def discarded(
    fields: Iterable[FormField], meant: Iterable[FormField], language: Language
) -> tuple[Discarded, ...]:
    """Return where the form as it was sent (``meant``) differs from the fields as they are stored."""
    return tuple(_differences(fields, meant, language))


def _differences(
    fields: Iterable[FormField], meant: Iterable[FormField], language: Language, of: str = ""
) -> Iterator[Discarded]:
    stored = {one.name: one for one in fields if not one.off}
    for field in meant:
        if field.off:
            continue
        now, title = stored.get(field.name), f"{of}{field.title}"
        if field.kind == "rows":
            yield from _entries(now.rows if now else (), field, language)
        elif field.kind == "pair":
            yield from _differences(now.places if now else (), field.places, language, f"{title}, ")
        elif now is None or _said(now, language) != _said(field, language):
            yield Discarded(title, _said(field, language))


def _entries(stored: tuple[FormRow, ...], field: FormField, language: Language) -> Iterator[Discarded]:
    """Entries are the same by what the editor named them, or else by their place."""
    known = {_identity(row, number): row for number, row in enumerate(stored)}
    for number, row in enumerate(field.rows):
        now = known.pop(_identity(row, number), None)
        before = {_part(now, one): _said(one, language) for one in now.fields if not one.off} if now else {}
        of = f"{field.title}, {row.title}: " if row.of_item else ""
        for one in row.fields:
            said = _said(one, language)
            if not one.off and said != before.get(_part(row, one), "" if now is None else None):
                yield Discarded(f"{of}{one.title}", said)
    for row in known.values():
        yield Discarded(f"{field.title}, {row.title}", language.gettext("removed"))


def _part(row: FormRow, field: FormField) -> str:
    return field.name.removeprefix(row.name)


def _identity(row: FormRow, number: int) -> str:
    made = next((value for _, value in row.hidden), None)
    return str(number) if made is None else made or f"new {row.key}"


def _said(field: FormField, language: Language) -> str:
    if field.kind == "switch":
        return language.gettext("on") if field.checked else language.gettext("off")
    text = field.value.strip()
    return dict(field.choices).get(text, text)
