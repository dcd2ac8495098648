"""Tables as files that every spreadsheet opens: by the customs of the merchant's language, and never as a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from decimal import Decimal

from plugin.admin.desk import Desk
from plugin.language import Language

BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it, spreadsheets take UTF-8 for something else."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_CUSTOMS = {"de": (";", ",")}
"""What spreadsheets of that language take for the end of a cell and for a decimal point; elsewhere a comma and a point."""


def as_file(desk: Desk, name: str) -> dict[str, str]:
    """Return the headers of a file of that name and today's date by the shop's clock."""
    dated = f"{name}-{desk.now.astimezone(desk.settings.zone):%Y-%m-%d}.csv"
    return {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{dated}"',
        "Cache-Control": "no-store",
    }


def written(language: Language, rows: Iterable[Sequence[object]]) -> str:
    """Return the rows as lines of the file; a ``Decimal`` keeps its places."""
    cell, point = _CUSTOMS.get(language.tag, (",", "."))
    text = io.StringIO()
    for row in rows:
        values = [f"{one:f}".replace(".", point) if isinstance(one, Decimal) else one for one in row]
        csv.writer(text, delimiter=cell).writerow(values)
    return text.getvalue()


def plain(text: str) -> str:
    """Return a person's words so that no spreadsheet takes them for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
