from datetime import UTC, datetime, timedelta

import pytest

from widgets.action_token import action_token, action_token_ok

KEY = b"k" * 32
NOON = datetime(2026, 12, 5, 12, tzinfo=UTC)
TOKEN = action_token(KEY, 1, 7, NOON)


@pytest.mark.parametrize(
    ("later", "good"),
    [
        (timedelta(), True),
        (timedelta(minutes=59, seconds=59), True),
        (timedelta(hours=1), True),
        (timedelta(hours=1, minutes=59, seconds=59), True),
        (timedelta(hours=2), False),
        (-timedelta(seconds=1), False),
    ],
)
def test_a_token_is_good_for_its_hour_and_the_next(later: timedelta, *, good: bool) -> None:
    assert action_token_ok(KEY, 1, 7, TOKEN, NOON + later) is good


def test_a_token_is_of_one_shop_customer_and_key() -> None:
    assert not action_token_ok(KEY, 2, 7, TOKEN, NOON)
    assert not action_token_ok(KEY, 1, 8, TOKEN, NOON)
    assert not action_token_ok(b"l" * 32, 1, 7, TOKEN, NOON)


@pytest.mark.parametrize("given", ["", "ä", TOKEN[:-1], TOKEN.upper(), TOKEN + " "])
def test_anything_else_is_refused(given: str) -> None:
    assert not action_token_ok(KEY, 1, 7, given, NOON)
