"""Whatever a check may find amiss has words for the merchant, in every language."""

import re
from pathlib import Path

import widgets
from plugin.language import language

ROOT = Path(__file__).resolve().parents[2]


def test_each_breach_has_its_words() -> None:
    for name, widget in widgets.ALL.items():
        source = "".join(path.read_text("utf-8") for path in (ROOT / "widgets" / name).glob("*.py"))
        yielded = set(re.findall(r'\bBreach\(\s*"([^"]+)"', source))
        said = {breach: words for invariant in widget.invariants for breach, words in invariant.says.items()}
        assert yielded == said.keys(), name
        german = language("de", "sie", folder=widget.locales)
        assert all(german.gettext(words) != words for words in said.values())
