"""Lists of entries as rows of inputs: drawn from the entry's own model, and read back to the same value."""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import widgets
from plugin.errors import Invalid
from plugin.language import language
from plugin.setting_forms import FormField, blank_row, form
from plugin.setting_kinds import shape
from plugin.setting_patches import made_id, patch_of
from plugin.settings import Section, validated
from tests.stall import Offer, StallSettings

ENGLISH, GERMAN = language("en", "sie"), language("de", "sie")

SPRING = Offer(
    id="spring",
    title="Spring",
    cost=500,
    kind="amount",
    value=1250,
    least=3000,
    factor=Decimal("1.25"),
    since=date(2026, 3, 1),
    until=date(2026, 5, 31),
    countries=("DE", "AT"),
    limit=3,
)
SHARE = Offer(id="share", title="A tenth", cost=200, kind="percentage", value=10, shown=False)
FULL = StallSettings(
    offers=(SPRING, SHARE), closed=(date(2026, 12, 24), date(2027, 1, 1)), days=(2, 5), tags=("red", "blue")
)


def sent(fields: Iterable[FormField]) -> dict[str, str]:
    """What a browser sends of these inputs."""
    return dict(_sent(fields))


def _sent(fields: Iterable[FormField]) -> Iterator[tuple[str, str]]:
    for field in fields:
        if field.off:
            continue
        if field.kind == "rows":
            yield field.name, " ".join(row.key for row in field.rows)
            for row in field.rows:
                yield from row.hidden
                yield from _sent(row.fields)
        elif field.kind == "pair":
            yield from _sent(field.places)
        elif field.kind != "switch":
            yield field.name, field.value
        elif field.checked:
            yield field.name, "true"


def filled(section: Section = FULL, currency: str = "EUR", /, **changes: str | None) -> dict[str, str]:
    """What the section's form would send; names with __ for dots, None leaves one out."""
    found: dict[str, str | None] = {**sent(form(section, ENGLISH, currency))}
    found |= {name.replace("__", "."): value for name, value in changes.items()}
    return {name: value for name, value in found.items() if value is not None}


def read(submitted: Mapping[str, str], currency: str = "EUR", before: StallSettings = FULL) -> StallSettings:
    return validated(StallSettings, before, patch_of(StallSettings, submitted, currency, ENGLISH))


def field_at(fields: Iterable[FormField], path: str) -> FormField:
    return next(field for field in everything(fields) if field.path == path and not field.off)


def everything(fields: Iterable[FormField]) -> Iterator[FormField]:
    for field in fields:
        yield field
        yield from everything(field.places)
        for row in field.rows:
            yield from everything(row.fields)


def test_an_entry_is_drawn_from_its_model() -> None:
    offers = next(field for field in form(FULL, ENGLISH, "EUR") if field.name == "offers")
    spring, share = offers.rows
    assert (spring.title, share.title) == ("Spring", "A tenth")
    assert spring.hidden == (("offers.0.id", "spring"),)
    drawn = {field.name: (field.kind, field.value) for field in spring.fields if not field.off}
    assert drawn == {
        "offers.0.title": ("text", "Spring"),
        "offers.0.cost": ("number", "500"),
        "offers.0.kind": ("choice", "amount"),
        "offers.0.value": ("money", "12.50"),
        "offers.0.least": ("money", "30.00"),
        "offers.0.factor": ("number", "1.25"),
        "offers.0.since": ("date", "2026-03-01"),
        "offers.0.until": ("date", "2026-05-31"),
        "offers.0.countries": ("words", "DE, AT"),
        "offers.0.limit": ("number", "3"),
        "offers.0.shown": ("switch", ""),
    }
    assert field_at(share.fields, "offers[1].value").kind == "percent"
    assert not field_at(share.fields, "offers[1].shown").checked
    assert field_at(spring.fields, "offers[0].cost").most == "100000"
    assert field_at(spring.fields, "offers[0].factor").step == "0.01"


def test_what_a_choice_decides_is_drawn_once_for_each_choice_and_asked_for_once() -> None:
    ways = [field for field in form(FULL, ENGLISH, "EUR") if field.name == "value"]
    assert [(way.kind, way.when, way.off) for way in ways] == [
        ("money", ("kind", "amount"), True),
        ("percent", ("kind", "percentage"), False),
    ]
    assert len({way.id for way in ways}) == 2
    changed = read(filled(kind="amount", value="12,5"))
    assert (changed.kind, changed.value) == ("amount", 1250)


def test_an_untouched_form_changes_nothing() -> None:
    for currency in ("EUR", "JPY", "KWD"):
        assert read(filled(FULL, currency), currency) == FULL


texts = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20).filter(
    lambda text: text == text.strip()
)
offers = st.builds(
    Offer,
    id=st.from_regex(r"[a-z0-9-]{1,20}", fullmatch=True),
    title=texts,
    cost=st.integers(1, 100_000),
    kind=st.just("amount"),
    value=st.integers(0, 10**9),
    least=st.none() | st.integers(0, 10**9),
    factor=st.decimals(0, 10, places=2),
    since=st.none() | st.just(date(2026, 3, 1)),
    until=st.none() | st.just(date(2026, 4, 1)),
    countries=st.lists(texts, max_size=3).map(tuple),
    limit=st.none() | st.integers(1, 10),
    shown=st.booleans(),
)


@given(
    st.lists(offers, max_size=4, unique_by=lambda offer: offer.id).map(tuple),
    st.lists(st.dates(), max_size=4).map(tuple),
    st.lists(texts, max_size=4).map(tuple),
    st.sampled_from(["EUR", "JPY", "KWD"]),
)
def test_every_list_comes_back_as_it_was(
    found: tuple[Offer, ...], closed: tuple[date, ...], tags: tuple[str, ...], currency: str
) -> None:
    section = StallSettings(offers=found, closed=closed, tags=tags)
    assert read(filled(section, currency), currency, StallSettings()) == section


def test_a_new_entry_gets_an_id_from_its_title_and_its_key() -> None:
    made = blank_row(StallSettings, "offers", "abcdef", ENGLISH, "EUR")
    assert made is not None
    assert (made.title, made.opened, made.hidden) == ("New entry", True, (("offers.abcdef.id", ""),))
    typed = {**sent(made.fields), "offers.abcdef.title": "Käse für 5 €!", "offers.abcdef.cost": "7"}
    found = read({**filled(), **typed, "offers": "0 1 abcdef"})
    assert [offer.id for offer in found.offers] == ["spring", "share", "kaese-fuer-abcdef"]
    again = read({**filled(), **typed, "offers": "0 1 abcdef"})
    assert again == found


@pytest.mark.parametrize("title", ["", "日本", "-", "a" * 200, "Ärger"])
def test_a_made_id_is_short_and_plain(title: str) -> None:
    made = made_id(title, "qwerty")
    assert made.endswith("qwerty")
    assert len(made) <= 20
    assert set(made) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_entries_are_removed_and_come_in_the_order_of_their_keys() -> None:
    assert read(filled(offers="1")).offers == (SHARE,)
    assert read(filled(offers="1 0")).offers == (SHARE, SPRING)
    assert read(filled(offers="")).offers == ()
    assert read(filled(offers=None)).offers == FULL.offers


def test_a_plain_value_left_empty_is_no_value() -> None:
    assert read(filled(closed="0 1 new", closed__new="  ")).closed == FULL.closed
    assert read(filled(closed="1 new", closed__new="2026-12-31")).closed == (
        date(2027, 1, 1),
        date(2026, 12, 31),
    )


def test_what_nobody_asks_for_by_a_choice_is_what_it_was_made_with() -> None:
    found = read(filled(offers__0__kind="shipping", offers__0__value="whatever"))
    assert found.offers[0].value == 0
    gift = read(filled(offers__0__kind="gift", offers__0__value="gid://shopify/ProductVariant/1"))
    assert gift.offers[0].value == "gid://shopify/ProductVariant/1"


@pytest.mark.parametrize(
    ("changes", "path", "text"),
    [
        ({"offers__1__cost": "0"}, "offers[1].cost", "Bitte mindestens 1 eingeben."),
        ({"offers__1__cost": ""}, "offers[1].cost", "Bitte eine ganze Zahl eingeben."),
        ({"offers__0__least": "viel"}, "offers[0].least", "Bitte einen Betrag wie 12,50\xa0€ eingeben."),
        ({"offers__0__value": "1,005"}, "offers[0].value", "Bitte einen Betrag wie 12,50\xa0€ eingeben."),
        ({"offers__0__until": "2026-01-01"}, "offers[0].until", "Ends before it begins."),
        ({"offers__0__since": "gestern"}, "offers[0].since", None),
        ({"offers__1__title": ""}, "offers[1].title", None),
        ({"offers__0__countries": "[1"}, "offers[0].countries", "Bitte eine Liste in JSON eingeben."),
        ({"closed__1": "morgen"}, "closed[1]", None),
        ({"days__0": "x"}, "days[0]", "Bitte eine ganze Zahl eingeben."),
        ({"days__0": "9"}, "days", "The first is the smaller one."),
        ({"offers__1__id": "spring"}, "offers", "Two offers have the same id."),
    ],
)
def test_what_is_wrong_is_told_at_its_own_input(changes: dict[str, str], path: str, text: str | None) -> None:
    typed = filled(**changes)
    with pytest.raises(Invalid) as refused:
        validated(StallSettings, FULL, patch_of(StallSettings, typed, "EUR", GERMAN), gettext=GERMAN.gettext)
    assert list(refused.value.fields) == [path]
    assert text is None or refused.value.fields[path] == text
    shown = form(FULL, GERMAN, "EUR", typed=typed, errors=refused.value.fields)
    wrong = [field for field in everything(shown) if field.error]
    assert [field.path for field in wrong] == [path]
    assert not [row for field in shown for row in field.rows if row.error]
    for row in next(field for field in shown if field.name == "offers").rows:
        assert row.opened == path.startswith(f"{row.path}.")


def test_what_is_wrong_with_an_id_is_told_at_the_entry() -> None:
    typed = filled(offers__1__id="NOT ONE")
    with pytest.raises(Invalid) as refused:
        read(typed)
    shown = form(FULL, ENGLISH, "EUR", typed=typed, errors=refused.value.fields)
    rows = next(field for field in shown if field.name == "offers").rows
    assert [bool(row.error) for row in rows] == [False, True]
    assert not [field for field in everything(shown) if field.error]


def test_every_amount_that_is_none_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        read(filled(least="x", offers__0__value="y", offers__0__least="z"))
    assert list(refused.value.fields) == ["least", "offers[0].value", "offers[0].least"]


def test_a_refused_form_keeps_entries_added_and_removed() -> None:
    typed = filled(offers="1 fresh", offers__fresh__title="New", offers__fresh__cost="no")
    shown = form(FULL, ENGLISH, "EUR", typed=typed, errors={"offers[1].cost": "Enter a whole number."})
    rows = next(field for field in shown if field.name == "offers").rows
    assert [(row.key, row.title, row.opened) for row in rows] == [
        ("1", "A tenth", False),
        ("fresh", "New", True),
    ]
    assert field_at(shown, "offers[1].cost").value == "no"
    assert not field_at(shown, "offers[1].shown").checked


@pytest.mark.parametrize("keys", ["0 0", "a.b", "Ä", "x" * 9, " ".join(f"k{n}" for n in range(1001))])
def test_keys_that_no_page_sends_are_refused(keys: str) -> None:
    with pytest.raises(Invalid):
        read(filled(offers=keys))


def test_there_are_rows_for_lists_of_entries_only() -> None:
    assert blank_row(StallSettings, "closed", "abc", ENGLISH, "EUR") is not None
    for name in ("tags", "days", "rate", "nothing"):
        assert blank_row(StallSettings, name, "abc", ENGLISH, "EUR") is None


@pytest.mark.parametrize("section", list(widgets.SECTIONS))
def test_no_setting_is_left_to_be_typed_as_json(section: str) -> None:
    def kinds(model: type[Any]) -> Iterator[str]:
        for info in model.model_fields.values():
            found = shape(info)
            yield found.kind
            if found.item is not None:
                inner = list(kinds(found.item))
                assert "rows" not in inner, "a list inside an entry is words with commas between them"
                yield from inner

    assert "json" not in set(kinds(widgets.SECTIONS[section]))


def test_what_the_editor_makes_of_any_title_is_an_id_for_every_list() -> None:
    asked = 0
    for model in widgets.SECTIONS.values():
        for info in model.model_fields.values():
            item = shape(info).item
            if item is None or "id" not in item.model_fields:
                continue
            (pattern,) = (
                part.pattern for part in item.model_fields["id"].metadata if hasattr(part, "pattern")
            )
            for title in ("Weihnachten und Neujahr 2026", "é" * 80, ""):
                assert re.fullmatch(pattern, made_id(title, "z" * 8))
                asked += 1
    assert asked >= 12
