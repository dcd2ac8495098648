"""German and English say the same: every page has the same shape in both, and no English is left in the German."""

import re
from html.parser import HTMLParser

import pytest

import widgets
from tests.integration.admin.stage import Stage
from tests.unit.widgets.catalogues import FORMAL, ROOT, translations
from tests.unit.widgets.test_catalogues import FAMILIAR

pytestmark = pytest.mark.parametrize("new_database", ["sqlite"], indirect=True)
"""Which database there is makes no difference here."""

PATHS = ["/", "/admin/shop", "/admin/ledger", *(f"/admin/widgets/{name}" for name in widgets.ALL)]


class Shape(HTMLParser):
    """The elements of a page, and its texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        spoken = {"heading", "label", "details", "accessibilitylabel", "data-otherwise"}
        self.texts += [value for name, value in attrs if name in spoken and value]

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


def without_previews(page: str) -> str:
    """Fragments speak all languages at once."""
    return re.sub(r"<div hx-ignore>.*?</section></div>", "", page, flags=re.DOTALL)


async def test_both_languages_have_the_same_shape(stage: Stage) -> None:
    await stage.tell(1001)
    for path in PATHS:
        german, english = [
            Shape(without_previews((await stage.document(path, locale=tag)).text)) for tag in ("de-DE", "en")
        ]
        assert german.tags == english.tags, path
        assert len(german.texts) == len(english.texts), path


async def test_no_english_is_left_in_the_german_page(stage: Stage) -> None:
    known = translations(ROOT / "plugin", FORMAL)
    for name in widgets.ALL:
        known |= translations(ROOT / "widgets" / name, FORMAL)
    english = {id for id, forms in known.items() if isinstance(id, str) and id != forms[0]}
    for path in PATHS:
        page = Shape(without_previews((await stage.document(path, locale="de")).text))
        assert page.texts
        assert english.isdisjoint(page.texts), path


async def test_an_unknown_language_is_english(stage: Stage) -> None:
    for asked, tag in (("de", "de"), ("de-CH", "de"), ("fr", "en"), ("", "en"), ("<b>", "en")):
        page = await stage.document("/", locale=asked)
        assert f'<html lang="{tag}">' in page.text


async def test_merchants_are_addressed_politely_whatever_the_tone(stage: Stage) -> None:
    sent = {
        "version": "1",
        "tone": "du",
        "time_zone": "Europe/Berlin",
        "currency": "EUR",
        "active_from": "2026-01-01",
    }
    assert (await stage.post("/admin/shop", sent)).status_code == 200
    for path in PATHS:
        page = without_previews((await stage.document(path, locale="de")).text)
        about_tone = r'<p class="(?:says|voice)".*?</p>|<s-select id="field-tone".*?</s-select>'
        words = " ".join(Shape(re.sub(about_tone, "", page, flags=re.DOTALL)).texts)
        assert words
        assert not FAMILIAR.search(words), path
