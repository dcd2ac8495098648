"""What a preview showed: carried out for a while, and from the very state that it was calculated from. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from plugin.billing.stripe import truth
from plugin.errors import Conflict
from plugin.language import sentence

SHOWN_FOR = timedelta(minutes=30)
"""How long a preview's calculation may be carried out as it was shown."""

TOO_OLD = sentence("The calculation is no longer valid. Please look at it again.")

_TOKEN = re.compile(r"([0-9]{1,12})\.([0-9]{1,12})\.([A-Za-z0-9_]{1,100})\.([A-Za-z0-9_]{1,100})")


@dataclass(frozen=True, slots=True)
class Shown:
    """``at``: the moment that was reckoned with; ``period``: the start of the period; ``before`` and ``after``: prices."""

    at: int
    period: int
    before: str
    after: str

    @property
    def token(self) -> str:
        """Return what comes back with the change."""
        return f"{self.at}.{self.period}.{self.before}.{self.after}"


def shown(token: str, now: datetime) -> Shown:
    """Read what was agreed to. Raises Conflict for what was not shown just now."""
    match = _TOKEN.fullmatch(token)
    if match is None or not now - SHOWN_FOR <= truth.instant(int(match[1])) <= now:
        raise Conflict(TOO_OLD)
    return Shown(int(match[1]), int(match[2]), match[3], match[4])
