"""What a merchant says of the people behind the shop: taken as it is written, or refused with its field named."""

import pytest

from plugin.errors import Invalid
from plugin.language import language
from plugin.settings import validated
from widgets import ALL
from widgets.trust.people import PersonView, Way, people
from widgets.trust.settings import TrustSettings

FOLDER = ALL["trust"].locales
DE, DU, EN = (
    language(tag, tone, folder=FOLDER) for tag, tone in (("de", "sie"), ("de", "du"), ("en", "sie"))
)


def given(**patch: object) -> TrustSettings:
    return validated(TrustSettings, TrustSettings(), patch)


def test_nothing_said_is_nothing_shown() -> None:
    assert people(TrustSettings(), DE) is None


def test_names_and_ways_are_shown_as_written_with_links_that_work() -> None:
    found = people(
        given(
            people=[{"name": " Marta ", "about": "packt seit 2019"}, {"name": "Jonas"}],
            hours="Mo-Fr 9-16 Uhr",
            email="hallo+shop@müller.example",
            phone="+49 (89) 123-456",
        ),
        DE,
    )
    assert found is not None
    assert found.names == (PersonView("Marta", "packt seit 2019"), PersonView("Jonas", ""))
    assert found.hours == "Mo-Fr 9-16 Uhr"
    assert found.ways == (
        Way("hallo+shop@müller.example", "mailto:hallo%2Bshop@m%C3%BCller.example"),
        Way("+49 (89) 123-456", "tel:+4989123456"),
    )


def test_a_title_stands_only_over_what_is_said() -> None:
    only_names, only_ways = (
        people(given(people=[{"name": "Jonas"}]), DE),
        people(given(phone="089 123456"), DE),
    )
    assert only_names is not None
    assert only_ways is not None
    assert (only_names.title, only_names.reach_title) == ("Wer Ihr Paket packt", "")
    assert (only_ways.title, only_ways.reach_title) == ("", "So erreichen Sie uns")


def test_each_tone_has_its_own_titles() -> None:
    settings = given(people=[{"name": "Jonas"}], hours="9-16")
    titles = [(found.title, found.reach_title) for one in (DU, EN) if (found := people(settings, one))]
    assert titles == [
        ("Wer dein Paket packt", "So erreichst du uns"),
        ("Who packs your parcel", "How to reach us"),
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("people[0].name", [{"name": ""}]),
        ("people[0].name", [{"name": "x" * 61}]),
        ("people[0].name", [{"name": "Anna\nBela"}]),
        ("people[0].name", [{"name": "Anna\u202egro.live"}]),
        ("people[0].about", [{"name": "Anna", "about": "x" * 121}]),
        ("people[0].role", [{"name": "Anna", "role": "chief"}]),
        ("people", [{"name": "Anna"}] * 7),
        ("hours", "x" * 121),
        ("hours", "9\x00"),
        *(
            ("email", bad)
            for bad in ("a", "a@b", "a@b.c", "@b.de", "a b@c.de", "a@b.de?cc=x@y.de", "a@b.de,c@d.de")
        ),
        *(
            ("phone", bad)
            for bad in ("1", "call me", "+49;ext=1", "0800-RUFAN", "++49 89 123456", "*#06#12345")
        ),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field_named(field: str, value: object) -> None:
    name = field.partition("[")[0]
    with pytest.raises(Invalid) as refused:
        given(**{name: value})
    assert list(refused.value.fields) == [field]
