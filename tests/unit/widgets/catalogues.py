"""Every text a person reads, as it stands in code and templates, and what the catalogues make of it."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[3]
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "sentence": None,
    "gettext": None,
    "_": None,
    "ngettext": (1, 2),
}
FORMAL, INFORMAL = "de", "de_DE@informal"


@dataclass(frozen=True, slots=True)
class Text:
    """One text with where it stands; ``id`` is a pair for texts that count."""

    id: str | tuple[str, ...]
    place: str


def packages() -> list[Path]:
    """The packages that have catalogues: the app, and each widget."""
    widgets = [path.parent for path in sorted((ROOT / "widgets").glob("*/__init__.py"))]
    return [ROOT / "plugin", *widgets]


def texts(package: Path) -> list[Text]:
    """All texts of a package; the app's include those of the modules that all widgets share."""
    files = [path for path in package.rglob("*") if path.suffix in {".py", ".html"}]
    if package.name == "plugin":
        files += list((ROOT / "widgets").glob("*.py"))
        files += list((ROOT / "widgets" / "templates").glob("*.html"))
    return [text for path in sorted(files) for text in _texts(path)]


def catalogue(package: Path, name: str) -> Catalog:
    """A package's catalogue as it is on disk; empty where it has none."""
    path = package / "locales" / name / f"{package.name}.po"
    if not path.exists():
        return Catalog()
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def translations(package: Path, name: str) -> dict[str | tuple[str, ...], tuple[str, ...]]:
    """Text to translation, all its plural forms; unfinished entries are left out."""
    found: dict[str | tuple[str, ...], tuple[str, ...]] = {}
    for message in catalogue(package, name):
        forms = message.string if isinstance(message.string, (list, tuple)) else (message.string,)
        if message.id and all(forms) and not message.fuzzy:
            key = message.id if isinstance(message.id, str) else tuple(message.id)
            found[key] = tuple(str(form) for form in forms)
    return found


def _texts(path: Path) -> list[Text]:
    method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
    source = BytesIO(path.read_bytes())
    place = str(path.relative_to(ROOT))
    found = []
    for line, message, _, _ in extract(method, source, KEYWORDS):
        id = tuple(message) if isinstance(message, (list, tuple)) else message
        if id:
            found.append(Text(id, f"{place}:{line}"))
    return found
