"""A folder is a widget as soon as it says all a widget must say, and the program does not start before."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from widgets.registry import WidgetWrong, discover

GOOD = """
from datetime import timedelta

from plugin.clock import Job
from plugin.settings import Section
from widgets.base import Processing, Route, Surface, Widget
from widgets.reports import Report, Sheet


class Settings(Section):
    section = "{section}"
    {fields}


class Own(Widget):
    @property
    def folder(self):
        from pathlib import Path
        return Path(__file__).parent


async def task(run): ...


widget = Own(
    name="{name}",
    title="A fair",
    surfaces=frozenset({surfaces}),
    settings=Settings,
    view=lambda conn, ctx, settings: None,
    actions=(Route("{path}", lambda *given: None),),
    effects={{"{effect}": lambda conn, changes, now: None}},
    tasks={{"{task}": task}},
    jobs=(Job("{job}", timedelta(hours=1), lambda conn, now: 0),),
    processing=(Processing("what", "purpose", "basis", "retention", columns={columns}),),
    says={says},
    reports=tuple(Report(name, "Sums", lambda conn, reading: Sheet()) for name in {reports}),
)
"""
FACTS = {
    "section": "fair",
    "fields": "enabled: bool = True",
    "name": "fair",
    "surfaces": "{Surface.CART}",
    "path": "/buy",
    "effect": "orders",
    "task": "fair.open",
    "job": "fair.close",
    "columns": "()",
    "says": "{}",
    "reports": "('sums', 'more-sums')",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package ``booths`` of its own, forgotten afterwards."""
    package = tmp_path / "booths"
    package.mkdir()
    (package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [name for name in sys.modules if name == "booths" or name.startswith("booths.")]:
        del sys.modules[name]


def build(folder: Path, changes: dict[str, str] | None = None, *, template: bool = True) -> None:
    name = "fair"
    own = folder / name
    (own / "templates").mkdir(parents=True)
    (own / "__init__.py").write_text(GOOD.format(**(FACTS | (changes or {}))))
    if template:
        (own / "templates" / f"{name}.html").write_text("<p>{{ view.text }}</p>")


def test_a_whole_widget_is_found_by_its_folder(folder: Path) -> None:
    build(folder)
    (folder / "notes").mkdir()
    assert list(discover(folder, "booths")) == ["fair"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "market"}, "named market"),
        ({"section": "shop"}, "the section shop"),
        ({"fields": "days: int = 1"}, "no `enabled`"),
        ({"fields": "enabled: bool"}, "without a default"),
        ({"surfaces": "()"}, "shown nowhere"),
        ({"path": "buy"}, "does not start with /"),
        ({"effect": "weather"}, "unknown kind"),
        ({"task": "open"}, "does not start with fair."),
        ({"job": "close"}, "does not start with fair."),
        ({"columns": '("fair.who",)'}, "cannot erase"),
        ({"says": '{"colour": "text"}'}, "a setting that it does not have"),
        ({"reports": "('sums', 'sums')"}, "no name of its own"),
        ({"reports": "('Sums/2',)"}, "no name of its own"),
    ],
)
def test_what_is_missing_or_wrong_is_named(folder: Path, changes: dict[str, str], reason: str) -> None:
    build(folder, changes)
    with pytest.raises(WidgetWrong, match=f"widgets/.*{reason}"):
        discover(folder, "booths")


def test_a_widget_needs_its_template(folder: Path) -> None:
    build(folder, template=False)
    with pytest.raises(WidgetWrong, match=r"templates/fair\.html is missing"):
        discover(folder, "booths")


def test_a_package_without_a_widget_is_refused(folder: Path) -> None:
    build(folder)
    (folder / "fair" / "__init__.py").write_text("")
    with pytest.raises(WidgetWrong, match="has no `widget`"):
        discover(folder, "booths")
