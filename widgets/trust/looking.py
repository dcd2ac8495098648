"""What the merchant sees of the checks: each seal, what its issuer's page said, and when; and asking again."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from plugin import settings
from plugin.language import Language, sentence
from plugin.settings import ShopSettings
from widgets.lookups import Finding, Lookups
from widgets.trust import checking
from widgets.trust.results import HOLDS, SAYS, STALE, Result
from widgets.trust.seals import holds, name_of
from widgets.trust.settings import TrustSettings

PAUSE = timedelta(seconds=30)
"""An issuer is not asked again sooner, however often the button is pressed."""


def findings(conn: Connection, shop_id: int, language: Language, now: datetime) -> Iterator[Finding]:
    """Yield each seal in the order of the settings."""
    versions = settings.versions(conn, [shop_id], [TrustSettings, ShopSettings])
    zone = versions.current(shop_id, ShopSettings).value.zone
    today, checks = now.astimezone(zone).date(), checking.checks(conn, shop_id)
    for seal in versions.current(shop_id, TrustSettings).value.seals:
        row = checks.get(checking.fingerprint(seal))
        at = row.checked_at if row is not None else None
        shown = row is not None and holds(seal, row, now, today)
        result = Result.OPEN if row is None else Result(row.result)
        ended, stale = seal.valid_until < today, result in HOLDS and not shown
        why = language.gettext(STALE if stale and not ended else SAYS[result])
        if at is not None:
            day = language.day(at.astimezone(zone))
            why = language.gettext("%(found)s; looked up on %(date)s", found=why, date=day)
        if ended:
            ends = language.long_date(seal.valid_until)
            why = language.gettext("valid until %(date)s; %(found)s", date=ends, found=why)
        yield Finding(name_of(seal), f"{why[:1].upper()}{why[1:]}.", shown, at)


def again(conn: Connection, shop_id: int, now: datetime) -> bool:
    """Have every seal checked now whose last check is not of this very moment; returns whether there is one."""
    rows = checking.checks(conn, shop_id)
    old = [one for one, row in rows.items() if row.checked_at is None or now - row.checked_at > PAUSE]
    if old:
        checking.ask(conn, shop_id, old, now)
    return bool(old)


LOOKUPS = Lookups(sentence("What the issuers say"), findings, again)
