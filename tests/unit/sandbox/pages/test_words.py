"""The sandbox's own words: the same in both languages, all of them used, amounts and refusals in words."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.discounts import CodeRefused
from sandbox.faults import Api
from sandbox.pages.texts import LOCALES, Texts
from sandbox.seed import furnish
from sandbox.simulator import Simulator

SANDBOX = Path(__file__).resolve().parents[4] / "sandbox"
SLOT = re.compile(r"{(\w+)}")


def words(locale: str) -> dict[str, str]:
    found: dict[str, str] = json.loads((SANDBOX / "locales" / f"{locale}.json").read_text("utf-8"))
    return found


def sources() -> Iterator[str]:
    for pattern in ("pages/*.py", "stripe/*.py", "templates/*.html"):
        for path in SANDBOX.glob(pattern):
            yield path.read_text("utf-8")


def test_both_languages_say_everything_with_the_same_facts() -> None:
    german, english = words("de"), words("en")
    assert german.keys() == english.keys()
    assert all(text.strip() for text in (*german.values(), *english.values()))
    assert {key: set(SLOT.findall(text)) for key, text in german.items()} == {
        key: set(SLOT.findall(text)) for key, text in english.items()
    }


def test_every_text_is_said_somewhere() -> None:
    whole = "\n".join(sources())
    built = re.compile(r"""f"([\w.]+)\.{|'([\w.]+)\.' ~""")
    stems = {first or second for first, second in built.findall(whole)}
    unsaid = [
        key
        for key in words("de")
        if f'"{key}"' not in whole
        and f"'{key}'" not in whole
        and not any(key.startswith(f"{s}.") for s in stems)
    ]
    assert [key for key in unsaid if not key.startswith("goods.")] == []


def test_every_reason_for_which_a_code_is_refused_has_words() -> None:
    text = (SANDBOX / "discounts.py").read_text("utf-8")
    reasons = set(re.findall(r'CodeRefused\(\s*(?:f?"[^"]*"),\s*"(\w+)"', text)) | {"expired", "scheduled"}
    assert len(reasons) >= 9
    for locale in LOCALES:
        for reason in reasons:
            refused = CodeRefused("No.", reason, minimum="30.00", quantity="2")
            assert Texts(locale, "EUR").refusal(refused)


def test_a_minimum_is_told_in_money() -> None:
    refused = CodeRefused("No.", "minimum", minimum="30.0")
    assert Texts("de", "EUR").refusal(refused) == "Dieser Code gilt ab 30,00\xa0€."
    assert Texts("en", "JPY").refusal(CodeRefused("No.", "minimum", minimum="3000")).count("¥3,000") == 1


def test_every_product_of_the_seed_is_described_and_drawn() -> None:
    simulator = Simulator(client_id="c", client_secret="s")
    furnish(simulator, "example")
    goods = simulator.shop("example").products.values()
    assert len(goods) >= 12
    for one in goods:
        assert (SANDBOX / "static" / "pictures" / f"{one.handle}.svg").is_file()
        for locale in LOCALES:
            texts = Texts(locale, "EUR")
            assert all(texts.goods(one.handle, part) for part in ("title", "blurb", "text"))


def test_every_way_the_admin_api_can_fail_has_words() -> None:
    for way in Api.__args__:  # type: ignore[attr-defined]
        assert f"index.api.{way}" in words("de")


def test_an_unknown_key_is_a_mistake_and_not_a_blank() -> None:
    with pytest.raises(KeyError):
        Texts("de", "EUR")("no.such.text")


def test_no_picture_and_no_page_names_another_host() -> None:
    for path in SANDBOX.glob("static/**/*"):
        if path.is_file():
            text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
            assert re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", text) == [], path.name
    for path in SANDBOX.glob("templates/*.html"):
        assert re.findall(r"https?://[\w.-]+", path.read_text("utf-8")) == [], path.name
