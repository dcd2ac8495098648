"""A widget's view as HTML: its template inside one root element that says which widget and which language it is.

A template sees ``view``, ``ctx``, ``language``, ``outcome`` (what an action returned, else None), ``problem`` (why it
refused, else None), ``_`` and ``ngettext``; it includes its neighbours as ``loyalty/_entries.html`` and what widgets share as ``shared/...``.
"""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from plugin.language import Language
from widgets.base import Context, Page, Widget
from widgets.registry import ALL

SHARED = Path(__file__).parent / "templates"


def fragment(
    widget: Widget[Any], ctx: Context, view: object, outcome: object = None, problem: str | None = None
) -> str:
    """Return the widget's fragment: one root ``<section id="dankbar-{name}">``, everything in it escaped."""
    return (
        _environment()
        .get_template("shared/root.html")
        .render(
            widget=widget,
            ctx=ctx,
            view=view,
            outcome=outcome,
            problem=problem,
            language=ctx.language,
            _=ctx.language.gettext,
            ngettext=ctx.language.ngettext,
        )
    )


def document(
    widget: Widget[Any],
    page: Page[Any],
    ctx: Context,
    view: object | None,
    outcome: object = None,
    problem: str | None = None,
) -> str:
    """Return what a page says, within one root ``<section>`` or on a sheet of its own; without a view it asks to sign in."""
    return (
        _environment()
        .get_template("shared/page.html" if page.in_theme else "shared/sheet.html")
        .render(
            widget=widget,
            page=page,
            ctx=ctx,
            view=view,
            outcome=outcome,
            problem=problem,
            language=ctx.language,
            _=ctx.language.gettext,
            ngettext=ctx.language.ngettext,
        )
    )


def sheet(template: str, view: object, language: Language) -> str:
    """Return a document that belongs to no widget, by a template of the shared ones."""
    texts = {"language": language, "_": language.gettext, "ngettext": language.ngettext}
    return _environment().get_template(template).render(view=view, **texts)


@cache
def _environment() -> Environment:
    folders = {"shared": SHARED, **{name: widget.folder / "templates" for name, widget in ALL.items()}}
    return Environment(
        loader=PrefixLoader({name: FileSystemLoader(folder) for name, folder in folders.items()}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
