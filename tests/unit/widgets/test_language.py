from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from plugin.language import Language, language, negotiate

DAY = date(2026, 12, 12)


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de_CH", "de"),
        ("DE-Latn-DE-1996", "de"),
        ("en-US", "en"),
        ("fr", "en"),
        ("den", "en"),
        ("", "en"),
        (None, "en"),
        ("☃", "en"),
        ("-de", "en"),
    ],
)
def test_a_locale_is_german_or_english(locale: str | None, tag: str) -> None:
    assert negotiate(locale) == tag


def test_german_is_written_as_germans_write() -> None:
    german = language("de", "sie")
    assert german.tag == "de"
    assert german.date(DAY) == "12. Dez."
    assert german.long_date(DAY) == "12. Dezember 2026"
    assert german.weekday(DAY) == "Sa., 12. Dez."
    assert german.money(320, "EUR") == "3,20\xa0€"
    assert german.money(3000, "EUR") == "30\xa0€"
    assert german.money(-320, "EUR") == "-3,20\xa0€"
    assert german.number(12345) == "12.345"
    assert german.percent(Decimal("12.5")) == "12,5\xa0%"


def test_english_is_written_as_in_europe() -> None:
    english = language("en", "sie")
    assert (english.tag, english.date(DAY), english.long_date(DAY)) == ("en", "12 Dec", "12 December 2026")
    assert (english.money(320, "EUR"), english.money(500, "EUR")) == ("€3.20", "€5")
    assert (english.number(12345), english.percent(10)) == ("12,345", "10%")


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (1234, "JPY", "1.234\xa0¥"),
        (1500, "KWD", "1,500\xa0KWD"),
        (1550, "ISK", "1.550\xa0ISK"),
        (0, "EUR", "0\xa0€"),
    ],
)
def test_money_has_the_places_of_its_currency(minor: int, currency: str, written: str) -> None:
    assert language("de", "sie").money(minor, currency) == written


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """A package's catalogues: two texts, of which one differs between the tones, and one that counts."""
    folder = tmp_path / "greeting" / "locales"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"\n'
    formal = (
        'msgid "Welcome, %(name)s."\nmsgstr "Willkommen, %(name)s."\n\n'
        'msgid "Your box"\nmsgstr "Ihr Paket"\n\n'
        'msgid "%(n)s day"\nmsgid_plural "%(n)s days"\nmsgstr[0] "%(n)s Tag"\nmsgstr[1] "%(n)s Tage"\n'
    )
    for name, body in (("de", formal), ("de_DE@informal", 'msgid "Your box"\nmsgstr "Dein Paket"\n')):
        path = folder / name / "greeting.po"
        path.parent.mkdir(parents=True)
        path.write_text(f"{head}\n{body}")
    return folder


def speak(locale: str, tone: str, spoken: Path) -> Language:
    return language(locale, tone, folder=spoken)


def test_du_differs_where_it_must_and_is_german_elsewhere(spoken: Path) -> None:
    formal, informal = speak("de", "sie", spoken), speak("de", "du", spoken)
    assert (formal.gettext("Your box"), informal.gettext("Your box")) == ("Ihr Paket", "Dein Paket")
    assert informal.gettext("Welcome, %(name)s.", name="Ada") == "Willkommen, Ada."
    assert (formal.informal, informal.informal) == (False, True)


def test_a_count_chooses_its_form(spoken: Path) -> None:
    german, english = speak("de", "sie", spoken), speak("en", "du", spoken)
    assert [german.ngettext("%(n)s day", "%(n)s days", n) for n in (0, 1, 1200)] == [
        "0 Tage",
        "1 Tag",
        "1.200 Tage",
    ]
    assert [english.ngettext("%(n)s day", "%(n)s days", n) for n in (0, 1, 1200)] == [
        "0 days",
        "1 day",
        "1,200 days",
    ]


def test_a_package_falls_back_to_the_app_and_then_to_english(spoken: Path) -> None:
    german = speak("de", "du", spoken)
    assert german.gettext("Enter a number.") == "Bitte eine Zahl eingeben."
    assert german.gettext("Nobody translated this.") == "Nobody translated this."
    assert speak("en", "du", spoken).gettext("Your box") == "Your box"


def test_a_percent_sign_needs_no_care_in_a_text_without_values(spoken: Path) -> None:
    assert speak("en", "sie", spoken).gettext("10 % off") == "10 % off"
