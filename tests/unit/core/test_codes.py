"""A code cannot be guessed, can be read out, and is recognised however an order writes it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugin.core import codes

LOOK_ALIKES = [set("0ODQ"), set("1ILl"), set("2Z"), set("5S"), set("8B"), set("UV"), set("6G")]


def test_a_code_has_at_least_50_random_bits() -> None:
    assert codes.RANDOM_BITS >= 50
    assert len(codes.new_code().removeprefix("DANKE-").replace("-", "")) == codes.GROUPS * codes.SIZE


def test_no_two_letters_of_the_alphabet_look_alike() -> None:
    assert len(set(codes.ALPHABET)) == len(codes.ALPHABET)
    for group in LOOK_ALIKES:
        assert len(group & set(codes.ALPHABET)) <= 2
    assert not set("01ILOSZB258U") & set(codes.ALPHABET)


def test_no_vowel_makes_a_word_by_chance() -> None:
    assert not set("AEIOU") & set(codes.ALPHABET)


def test_a_code_is_grouped_and_uses_its_alphabet_alone() -> None:
    prefix, *groups = codes.new_code().split("-")
    assert prefix == codes.PREFIX
    assert [len(group) for group in groups] == [4, 4, 4]
    assert set("".join(groups)) <= set(codes.ALPHABET)


def test_codes_of_one_portion_differ() -> None:
    made = codes.new_codes(2000)
    assert len(set(made)) == 2000


def test_every_letter_comes_up_at_every_place() -> None:
    made = codes.new_codes(2000)
    for place in range(len(codes.PREFIX) + 1, len(made[0])):
        seen = {code[place] for code in made} - {"-"}
        assert seen in (set(), set(codes.ALPHABET))


def test_a_code_is_known_in_any_case_and_with_space_around_it() -> None:
    code = codes.new_code()
    assert codes.known_form(code) == code
    assert codes.known_form(code.lower()) == code
    assert codes.known_form(f" {code.title()} ") == code


@given(st.text(max_size=40))
def test_another_discount_code_is_none_of_ours(text: str) -> None:
    found = codes.known_form(text)
    assert found is None or re.fullmatch(r"[A-Z3479]{2,10}(-[34679CDFHJKMNPQRTVWXY]{4}){3}", found)


def test_letters_that_only_become_ours_by_folding_are_not_ours() -> None:
    code = codes.new_code()
    assert codes.known_form(code.replace("K", "\u212a")) is None
    assert codes.known_form("SUMMER10") is None


@pytest.mark.parametrize("prefix", ["MERCI", "SOMMER", "A4", "THANKYOU39"])
def test_a_shop_chooses_what_its_codes_begin_with_and_nothing_is_easier_to_guess(prefix: str) -> None:
    assert codes.is_prefix(prefix)
    code = codes.new_code(prefix)
    assert code.startswith(f"{prefix}-")
    assert codes.known_form(code.lower()) == code
    assert len(code.removeprefix(f"{prefix}-").replace("-", "")) == codes.GROUPS * codes.SIZE


@pytest.mark.parametrize(
    "prefix", ["", "A", "ELEVENCHARS", "DANKE1", "O0", "S5", "B8", "2Z", "É4", "A B", "A-B", "abc"]
)
def test_a_prefix_has_no_digit_that_looks_like_a_letter(prefix: str) -> None:
    assert not codes.is_prefix(prefix)
