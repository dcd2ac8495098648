"""All widgets there are: every folder here that is a package, checked when the program starts."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from plugin.settings import Section, ShopSettings
from widgets.base import Widget

_PATH = re.compile(r"[a-z]+(-[a-z]+)*")

EFFECTS = frozenset({"orders"})


class WidgetWrong(TypeError):
    """A widget's folder does not say what every widget must say; the message names both."""


def discover(folder: Path, package: str) -> Mapping[str, Widget[Any]]:
    """Import every widget under ``folder``, in name order. Raises WidgetWrong."""
    names = sorted(found.name for found in iter_modules([str(folder)]) if found.ispkg)
    widgets = {name: _import(name, package) for name in names}
    tasks: set[str] = set()
    for widget in widgets.values():
        for reason in _wrong(widget):
            raise WidgetWrong(f"widgets/{widget.name}: {reason}.")
        if tasks & widget.tasks.keys():
            raise WidgetWrong(f"widgets/{widget.name}: another widget has a task of the same name.")
        tasks |= widget.tasks.keys()
    return MappingProxyType(widgets)


def _import(name: str, package: str) -> Widget[Any]:
    widget = getattr(import_module(f"{package}.{name}"), "widget", None)
    if not isinstance(widget, Widget):
        raise WidgetWrong(f"widgets/{name}: its __init__ has no `widget`.")
    if widget.name != name:
        raise WidgetWrong(f"widgets/{name}: its widget is named {widget.name}.")
    return widget


def _wrong(widget: Widget[Any]) -> Iterator[str]:
    if widget.settings.section != widget.name:
        yield f"its settings are the section {widget.settings.section}"
    if "enabled" not in widget.settings.model_fields:
        yield "its settings have no `enabled`"
    try:
        widget.settings()
    except ValidationError:
        yield "its settings have a field without a default"
    if not (widget.folder / "templates" / f"{widget.name}.html").is_file():
        yield f"templates/{widget.name}.html is missing"
    if not widget.surfaces:
        yield "it is shown nowhere"
    if widget.effects.keys() - EFFECTS:
        yield "it has an effect of an unknown kind"
    if any(not route.path.startswith("/") for route in widget.actions):
        yield "the path of an action does not start with /"
    if {route.page for route in widget.actions} - {"", *(page.path for page in widget.pages)}:
        yield "an action answers with a page that it does not have"
    for page in widget.pages:
        if not (widget.folder / "templates" / page.template).is_file():
            yield f"templates/{page.template} is missing"
        if not _PATH.fullmatch(page.path):
            yield f"a page cannot be reached under {page.path}"
    names = [report.name for report in widget.reports]
    if len(set(names)) < len(names) or not all(_PATH.fullmatch(name) for name in names):
        yield "a report has no name of its own that fits into an address"
    if any(
        not name.startswith(f"{widget.name}.") for name in (*widget.tasks, *(job.name for job in widget.jobs))
    ):
        yield f"a task or job does not start with {widget.name}."
    if widget.says.keys() - widget.settings.model_fields.keys():
        yield "it speaks of a setting that it does not have"
    for processing in widget.processing:
        if processing.columns and processing.erase is None:
            yield f"it cannot erase what it keeps for: {processing.what}"


ALL: Mapping[str, Widget[Any]] = discover(Path(__file__).parent, "widgets")
"""Every widget by its name, in name order."""

SECTIONS: Mapping[str, type[Section]] = MappingProxyType(
    {ShopSettings.section: ShopSettings, **{name: widget.settings for name, widget in ALL.items()}}
)
"""Every section of settings by its name."""
