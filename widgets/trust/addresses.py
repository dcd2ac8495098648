"""Which addresses of the Internet a check may connect to: public ones, whatever notation they come in."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Allowed: TypeAlias = Callable[[Address], bool]

_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Tell whether an address is neither loopback, link-local, private, shared, multicast, reserved nor unspecified.

    An IPv6 address that carries an IPv4 one is judged by that.
    """
    if isinstance(address, IPv6Address):
        if address.teredo is not None or address.is_site_local:
            return False
        carried = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            carried = IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:
            return is_public(carried)
    return address.is_global and not (address.is_multicast or address.is_reserved)
