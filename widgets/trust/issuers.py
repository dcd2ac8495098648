"""Who issues seals: those we know have a fixed list of domains, anybody else must not look like one of them."""

import re
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

_FOLDED = str.maketrans({"ü": "u", "ä": "a", "ö": "o", "0": "o", "1": "l", "3": "e", "5": "s", "@": "a"})


def by_name(text: str) -> Issuer | None:
    """Return the issuer that a merchant's words name; None for one that we do not know."""
    if re.fullmatch(r"\W*ehi\W*", text.strip(), re.IGNORECASE) or re.match(
        r"ehi\b", text.strip(), re.IGNORECASE
    ):
        return EHI
    return _marked(text, ISSUERS)


def imitated(host: str) -> Issuer | None:
    """Return the issuer whose name a host carries without being theirs; None where it carries none."""
    return _marked(host, [issuer for issuer in ISSUERS if not issuer.owns(host)])


def _marked(text: str, issuers: Iterable[Issuer]) -> Issuer | None:
    plain = re.sub(r"[^a-z]", "", text.lower().translate(_FOLDED))
    return next((issuer for issuer in issuers if any(mark in plain for mark in issuer.marks)), None)
