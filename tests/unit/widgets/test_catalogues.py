"""German is complete, each tone keeps to itself, and no translation loses a value."""

import re
from pathlib import Path

import pytest

from tests.unit.widgets.catalogues import FORMAL, INFORMAL, ROOT, Text, packages, texts, translations

POLITE = re.compile(r"\b(Sie|Ihnen|Ihr(e[mnrs]?)?)\b")
FAMILIAR = re.compile(r"\b(du|dir|dich|dein(e[mnrs]?)?|euch|euer|eure[mnrs]?)\b", re.IGNORECASE)
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SETTINGS = re.compile(r"/(settings|catalogue|campaigns|tiers)\.py:")

every_package = pytest.mark.parametrize("package", packages(), ids=lambda path: path.name)


def written(text: Text) -> str:
    return text.id if isinstance(text.id, str) else " / ".join(text.id)


@every_package
def test_every_text_is_translated(package: Path) -> None:
    known = translations(ROOT / "plugin", FORMAL) | translations(package, FORMAL)
    missing = [f"{text.place}: {written(text)}" for text in texts(package) if text.id not in known]
    assert missing == []


@every_package
def test_no_translation_is_of_a_text_that_is_gone(package: Path) -> None:
    used = {text.id for text in texts(package)}
    for name in (FORMAL, INFORMAL):
        assert translations(package, name).keys() - used == set()


@every_package
def test_the_informal_catalogue_holds_only_what_differs(package: Path) -> None:
    formal = translations(package, FORMAL)
    for text, forms in translations(package, INFORMAL).items():
        assert forms != formal[text], text


@every_package
def test_du_never_says_sie(package: Path) -> None:
    """Labels of settings are read by the merchant, who is always addressed politely."""
    merchants = {text.id for text in texts(package) if SETTINGS.search(text.place)}
    shoppers = {text.id for text in texts(package)} - merchants if package.name != "plugin" else set()
    heard = translations(package, FORMAL) | translations(package, INFORMAL)
    polite = [forms for text, forms in heard.items() if text in shoppers and POLITE.search(" ".join(forms))]
    assert polite == []
    assert not [forms for forms in translations(package, INFORMAL).values() if POLITE.search(" ".join(forms))]


@every_package
def test_sie_never_says_du(package: Path) -> None:
    for text, forms in translations(package, FORMAL).items():
        if not FAMILIAR.search(" ".join(text if isinstance(text, tuple) else (text,))):
            assert not FAMILIAR.search(" ".join(forms)), forms


@every_package
@pytest.mark.parametrize("name", [FORMAL, INFORMAL])
def test_no_value_is_lost_or_invented(package: Path, name: str) -> None:
    for text, forms in translations(package, name).items():
        ids = text if isinstance(text, tuple) else (text,)
        wanted = {value for id in ids for value in PLACEHOLDER.findall(id)}
        for form in forms:
            assert set(PLACEHOLDER.findall(form)) == wanted, form
            if wanted:
                assert form % dict.fromkeys(wanted, "1")
