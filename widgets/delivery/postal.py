"""The German state of a postal code, for its holidays, as far as the first two digits settle it.

The regions are Deutsche Post's; one that lies in several states, or touches another, is in none of these rows.
"""

import re

_CODE = re.compile(r"[0-9]{5}")
_STATES = {
    "BE": "10 13",
    "BW": "70 71 72 73 75 77 78 79",
    "BY": "80 81 82 83 84 85 86 90 91 92 93 94 95 96",
    "HE": "60 61",
    "HH": "20",
    "MV": "18",
    "NI": "26 30 31",
    "NW": "32 33 40 41 42 44 45 46 47 50 52 58 59",
    "RP": "54 56",
    "SH": "24 25",
    "SN": "02 09",
    "ST": "39",
    "TH": "99",
}
_BY_REGION = {region: state for state, regions in _STATES.items() for region in regions.split()}


def code(country: str, text: str) -> str:
    """Return a postal code of that country as it may be shown again, empty for what is none."""
    bare = text.strip()
    return bare if country == "DE" and bare.isascii() and _CODE.fullmatch(bare) else ""


def province(country: str, text: str) -> str | None:
    """Return the state that a postal code lies in; None where it does not settle that."""
    return _BY_REGION.get(code(country, text)[:2])
