"""What a check can find, and how each finding reads to the merchant."""

from collections.abc import Mapping
from enum import StrEnum

from plugin.language import sentence


class Result(StrEnum):
    """What the last check found; the first two are shown to shoppers, the others hide the seal."""

    SHOP = "shop"
    ID = "id"
    OPEN = "open"
    NEITHER = "neither"
    OWN = "own"
    UNRESOLVED = "unresolved"
    UNREACHED = "unreached"
    SLOW = "slow"
    BUSY = "busy"
    PRIVATE = "private"
    UNTRUSTED = "untrusted"
    ELSEWHERE = "elsewhere"
    ABSENT = "absent"
    REFUSED = "refused"
    NO_PAGE = "no_page"


HOLDS = frozenset({Result.SHOP, Result.ID})
PASSING = frozenset({Result.UNRESOLVED, Result.UNREACHED, Result.SLOW, Result.BUSY})
"""What may pass by itself."""

SAYS: Mapping[Result, str] = {
    Result.SHOP: sentence("the issuer's page names this shop"),
    Result.ID: sentence("the issuer's page names the number"),
    Result.OPEN: sentence("it has not been checked yet"),
    Result.NEITHER: sentence(
        "linked, not checked, since the issuer's page names neither this shop nor the number"
    ),
    Result.OWN: sentence("the link leads to this shop itself, not to the issuer"),
    Result.UNRESOLVED: sentence("the issuer's host is not found"),
    Result.UNREACHED: sentence("the issuer's host does not answer"),
    Result.SLOW: sentence("the issuer's page takes too long"),
    Result.BUSY: sentence("the issuer's host has trouble of its own"),
    Result.PRIVATE: sentence("the host leads into a private network"),
    Result.UNTRUSTED: sentence("the host cannot prove who it is"),
    Result.ELSEWHERE: sentence("the issuer's page leads to another host"),
    Result.ABSENT: sentence("the issuer has no such page"),
    Result.REFUSED: sentence("the issuer does not let us look"),
    Result.NO_PAGE: sentence("what stands there is no page that can be read"),
}
STALE = sentence("its last check is more than two weeks old")
"""A check that held and no longer counts."""
