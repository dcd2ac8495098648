"""Which addresses production connects to: no notation of a private one is overlooked."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.trust.addresses import is_public

CLOSED = [
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.2.0/24",
        "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
    )
]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "2001:db8::1", "100::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "255.255.255.255",
    ],
)  # fmt: skip
def test_what_leads_inside_is_no_public_address(text: str) -> None:
    assert not is_public(ip_address(text))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "::ffff:1.1.1.1"]
)
def test_what_everybody_can_reach_is_one(text: str) -> None:
    assert is_public(ip_address(text))


@given(st.sampled_from(CLOSED).flatmap(lambda net: st.integers(int(net[0]), int(net[-1]))))
def test_no_closed_network_has_a_public_address_in_any_notation(number: int) -> None:
    assert not is_public(IPv4Address(number))
    assert not is_public(IPv6Address((0xFFFF << 32) | number))
    assert not is_public(IPv6Address((0x0064FF9B << 96) | number))
    assert not is_public(IPv6Address((0x2002 << 112) | (number << 80)))
