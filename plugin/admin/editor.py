"""A section of settings on a page: its form, what shoppers read because of it, and the page around both."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import widgets
from plugin.admin.alerts import Alert
from plugin.admin.desk import Desk
from plugin.admin.discarded import Discarded
from plugin.admin.lookups import LookupsView
from plugin.admin.related import Related
from plugin.language import Language, sentence
from plugin.setting_forms import NO_ERRORS, FormField, FormRow, form
from plugin.settings import Section, ShopSettings, Versions
from widgets import Preview, Scene, Surface

_SURFACES = {
    Surface.STOREFRONT: sentence("Online shop, signed in"),
    Surface.PRODUCT: sentence("Product page"),
    Surface.CART: sentence("Cart"),
    Surface.THANK_YOU: sentence("Thank-you page"),
    Surface.ORDER_STATUS: sentence("Order status page"),
    Surface.ACCOUNT: sentence("Customer account"),
}
_VOICES = {
    ("de", "sie"): sentence("German, polite (Sie)"),
    ("de", "du"): sentence("German, familiar (du)"),
    ("en", "sie"): sentence("English"),
}
_ABOUT_SHOP = sentence("These hold for all widgets.")


@dataclass(frozen=True, slots=True)
class Topic:
    """A page's subject: one section, in the words of its own catalogue, and the widgets its preview shows."""

    section: str
    title: str
    about: str
    path: str
    language: Language
    shows: tuple[str, ...]

    @property
    def model(self) -> type[Section]:
        """The section's model."""
        return widgets.SECTIONS[self.section]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that was refused: where it stands on the page, how it is called, and why."""

    id: str
    title: str
    error: str


@dataclass(frozen=True, slots=True)
class FormView:
    """The form; ``version`` is the one it shows, ``discarded`` what a stale one had asked for.

    ``waiting`` says why new campaigns and rules wait for a larger plan; empty while nothing does.
    """

    action: str
    path: str
    version: int
    fields: tuple[FormField, ...]
    currency: str
    says: Mapping[str, str]
    notes: Mapping[str, str]
    stale: bool = False
    discarded: tuple[Discarded, ...] = ()
    waiting: str = ""

    @property
    def wrong(self) -> tuple[Wrong, ...]:
        """Everything that was refused, in the order of the form."""
        return tuple(_wrong(self.fields))


@dataclass(frozen=True, slots=True)
class RowView:
    """One entry of a list, alone."""

    row: FormRow
    currency: str
    notes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Shown:
    """One fragment with its id on this page and the name of its language and tone; ``current`` is the shop's own."""

    id: str
    voice: str
    html: str | None
    current: bool


@dataclass(frozen=True, slots=True)
class PreviewView:
    """The fragments by the page they stand on, and by setting the sentence that speaks of it, to shoppers or to us.

    ``noted`` is every input of the form with what is to be said beside it now.
    """

    action: str
    groups: tuple[tuple[str, tuple[Shown, ...]], ...]
    says: Mapping[str, str]
    notes: Mapping[str, str]
    noted: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class EditorView:
    """The whole page."""

    title: str
    about: str
    form: FormView
    preview: PreviewView
    related: tuple[Related, ...] = ()
    alerts: tuple[Alert, ...] = ()
    lookups: LookupsView | None = None


def widget_topic(desk: Desk, name: str) -> Topic | None:
    """Return the page of that widget; None where there is none of that name."""
    widget = widgets.ALL.get(name)
    if widget is None:
        return None
    spoken = desk.of_widget(name)
    path = f"/admin/widgets/{name}"
    return Topic(name, spoken.gettext(widget.title), "", path, spoken, (name,))


def shop_topic(desk: Desk) -> Topic:
    """Return the page of what holds for all widgets."""
    language = desk.language
    title, about = language.gettext("Shop"), language.gettext(_ABOUT_SHOP)
    return Topic(ShopSettings.section, title, about, "/admin/shop", language, tuple(widgets.ALL))


def form_view(
    desk: Desk,
    topic: Topic,
    section: Section,
    version: int,
    preview: "PreviewView",
    typed: Mapping[str, str] = NO_ERRORS,
    errors: Mapping[str, str] = NO_ERRORS,
) -> FormView:
    """Return the form of a section; after a refusal it shows what was typed."""
    fields = form(section, topic.language, desk.settings.currency, typed=typed, errors=errors)
    return FormView(
        desk.link(topic.path),
        topic.path,
        version,
        fields,
        desk.settings.currency,
        preview.says,
        preview.notes,
    )


def noted(topic: Topic, preview: PreviewView, fields: Iterable[FormField]) -> PreviewView:
    """Return the preview with its notes at the inputs of this form, an empty one where there is nothing to say."""
    widget = widgets.ALL.get(topic.section)
    if widget is None or widget.notes is None:
        return preview
    return replace(preview, noted=tuple(_noted(fields, preview.notes)))


def _noted(fields: Iterable[FormField], notes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for field in fields:
        yield field.id, "" if field.off else notes.get(field.path, "")
        yield from _noted(field.places, notes)
        for row in field.rows:
            yield from _noted(row.fields, notes)


def _wrong(fields: Iterable[FormField], of: str = "") -> Iterator[Wrong]:
    for field in fields:
        if field.error:
            yield Wrong(f"field-{field.id}", f"{of}{field.title}", field.error)
        yield from _wrong(field.places, f"{of}{field.title}, ")
        for row in field.rows:
            named = f"{of}{field.title}, {row.title}" if row.of_item else f"{of}{field.title}"
            if row.error:
                yield Wrong(f"row-{row.id}", named, row.error)
            yield from _wrong(row.fields, f"{named}: " if row.of_item else of)


def rehearsed(desk: Desk, topic: Topic, found: Versions, section: Section) -> PreviewView:
    """Return the preview with this section in place of the stored one; for a thread, since it takes milliseconds."""
    sections: dict[str, Section] = {
        name: found.current(desk.shop.id, model).value for name, model in widgets.SECTIONS.items()
    }
    sections[topic.section] = section
    shop = sections[ShopSettings.section]
    if not isinstance(shop, ShopSettings):
        raise TypeError("the section of the shop is no ShopSettings")
    shown = widgets.preview(desk.shop, shop, sections, topic.shows, desk.locale, desk.now)
    return _arranged(desk, topic, shown, shop.tone, _notes(desk, topic, section, shop))


def _notes(desk: Desk, topic: Topic, section: Section, shop: ShopSettings) -> Mapping[str, str]:
    widget = widgets.ALL.get(topic.section)
    if widget is None or widget.notes is None:
        return {}
    return widget.notes(section, shop, topic.language, desk.now)


def _arranged(desk: Desk, topic: Topic, shown: Preview, tone: str, notes: Mapping[str, str]) -> PreviewView:
    groups: dict[tuple[str, Surface], list[Shown]] = {}
    for number, scene in enumerate(shown.scenes):
        if len(topic.shows) > 1 and scene.surface is not _first(shown, scene.widget):
            continue
        group = groups.setdefault((scene.widget, scene.surface), [])
        group.append(_shown(desk, scene, number, tone))
    titled = tuple((_title(desk, topic, *key), tuple(group)) for key, group in groups.items())
    return PreviewView(desk.link(f"{topic.path}/preview"), titled, _says(topic, shown), notes)


def _says(topic: Topic, shown: Preview) -> dict[str, str]:
    """Every setting that can be spoken of, empty where nothing is shown; the shop's tone is heard in any text."""
    if topic.section == ShopSettings.section:
        return {"tone": next(iter(shown.says.values()), "")}
    return {**dict.fromkeys(widgets.ALL[topic.section].says, ""), **shown.says}


def _first(shown: Preview, name: str) -> Surface:
    return next(scene.surface for scene in shown.scenes if scene.widget == name)


def _title(desk: Desk, topic: Topic, name: str, surface: Surface) -> str:
    place = desk.language.gettext(_SURFACES[surface])
    if len(topic.shows) == 1:
        return place
    return f"{desk.of_widget(name).gettext(widgets.ALL[name].title)}: {place}"


def _shown(desk: Desk, scene: Scene, number: int, tone: str) -> Shown:
    """A fragment's root has one id on a shop's page; here it stands several times."""
    id = f"scene-{number}"
    html = scene.html.replace(f'id="dankbar-{scene.widget}"', f'id="{id}"', 1) if scene.html else None
    voice = desk.language.gettext(_VOICES[scene.tag, scene.tone])
    return Shown(id, voice, html, current=scene.tag == "de" and scene.tone == tone)


def refused_fields(fields: Mapping[str, str], message: str, model: type[Any]) -> dict[str, str]:
    """The sentence for each field of the model that was refused; one about none of them stands at the first."""
    known = {path: text for path, text in fields.items() if re.split(r"[.[]", path)[0] in model.model_fields}
    return known or {next(iter(model.model_fields)): message}
