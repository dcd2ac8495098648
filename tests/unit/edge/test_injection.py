"""What comes from outside chooses no address that we call and no header that we answer with."""

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugin.shopify.names import handle_of
from tests.unit.edge.signing import config

HOSTS = st.text(st.sampled_from("aZ0-._@:/#?%\\[]\n\0ä"), max_size=20)


@given(name=HOSTS, around=st.tuples(HOSTS, HOSTS))
@example(name="169.254.169.254", around=("", ""))
@example(name="example", around=("evil.test/", ""))
@example(name="example", around=("", ".evil.test"))
@example(name="example", around=("user@", ":80"))
@example(name="example", around=("", "\n"))
def test_a_token_goes_to_a_host_of_shopifys_and_nowhere_else(name: str, around: tuple[str, str]) -> None:
    handle = handle_of(f"{around[0]}{name}.myshopify.com{around[1]}")
    if handle is None:
        return
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", handle)
    address = urlsplit(config().shop_origin(handle))
    assert (address.scheme, address.hostname, address.port) == ("https", f"{handle}.myshopify.com", None)
    assert address.username is None


@pytest.mark.parametrize(
    "name", ["example.myshopify.com.evil.test", "evil.test", "127.0.0.1", "localhost", ""]
)
def test_no_other_host_is_a_shop(name: str) -> None:
    assert handle_of(name) is None
