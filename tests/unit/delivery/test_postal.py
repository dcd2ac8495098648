"""A postal code says which state's holidays count, where it settles that, and is shown again only if it is one."""

import holidays
import pytest

from widgets.delivery.postal import _BY_REGION, code, province


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("20095", "HH"),
        (" 80331 ", "BY"),
        ("50667", "NW"),
        ("10115", "BE"),
        ("12529", None),  # beside Berlin, though most of its region lies in it
        ("01945", None),  # Brandenburg, in a region of Saxony
        ("68159", None),
        ("2009", None),
        ("200951", None),
        ("2009x", None),
        ("\u0662\u0660\u0660\u0669\u0665", None),
        ("", None),
    ],
)
def test_a_code_is_in_one_state_or_in_none(text: str, state: str | None) -> None:
    assert province("DE", text) == state
    assert province("AT", text) is None


def test_only_a_code_is_shown_again() -> None:
    assert code("DE", " 20095 ") == "20095"
    assert code("DE", '"><b>') == code("CH", "20095") == ""


def test_every_state_is_one() -> None:
    assert set(_BY_REGION.values()) <= set(holidays.list_supported_countries()["DE"])
    assert all(len(region) == 2 for region in _BY_REGION)
