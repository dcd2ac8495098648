"""Who issues seals: those we know have a fixed list of domains, anybody else must not look like one of them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from widgets.trust.links import within


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer we know; ``marks`` are what their name and hosts hold, without accents and punctuation."""

    name: str
    domains: tuple[str, ...]
    marks: tuple[str, ...]

    def owns(self, host: str) -> bool:
        """Tell whether a host is theirs."""
        return any(within(host, domain) for domain in self.domains)


TRUSTED_SHOPS = Issuer(
    "Trusted Shops",
    tuple(
        f"trustedshops.{end}"
        for end in ("at", "be", "ch", "co.uk", "com", "de", "es", "eu", "fr", "it", "nl", "pl")
    ),
    ("trustedshop",),
)
EHI = Issuer("EHI", ("ehi-siegel.de", "ehi-siegel.com", "ehi.org"), ("ehisiegel", "ehigepruft", "ehiretail"))
TUEV_SUED = Issuer(
    "TÜV SÜD",
    ("safer-shopping.de", "tuvsud.com", "tuev-sued.de"),
    ("safershopping", "tuvsud", "tuevsued", "sfershopping"),
)
ISSUERS = (TRUSTED_SHOPS, EHI, TUEV_SUED)

_FOLDED = str.maketrans(
    {"0": "o", "1": "l", "3": "e", "5": "s", "@": "a"}
    | dict(zip("абвеёікмнорстухѕјԁԛԝһ", "abveeikmhopctyxsjdqwh", strict=True))
    | dict(zip("αβεηικμνορτυχ", "abehikmvoptux", strict=True))
)
"""What stands for a letter in a name that is to be taken for another, and the letters of other scripts that look alike."""


def by_name(text: str) -> Issuer | None:
    """Return the issuer that a merchant's words name; None for one that we do not know."""
    if re.search(r"(?<![a-z])ehi(?![a-z])", _plain(text)):
        return EHI
    return _marked(text, ISSUERS)


def imitated(host: str) -> Issuer | None:
    """Return the issuer whose name a host carries without being theirs; None where it carries none."""
    return _marked(host, [issuer for issuer in ISSUERS if not issuer.owns(host)])


def _marked(text: str, issuers: Iterable[Issuer]) -> Issuer | None:
    plain = re.sub(r"[^a-z]", "", _plain(text))
    return next((issuer for issuer in issuers if any(mark in plain for mark in issuer.marks)), None)


def _plain(text: str) -> str:
    """Small letters without accents, and in the place of look-alike ones those they look like."""
    apart = unicodedata.normalize("NFKD", text.lower().translate(_FOLDED))
    return "".join(char for char in apart if not unicodedata.combining(char)).translate(_FOLDED)
