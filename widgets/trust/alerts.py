"""What a merchant must be told about seals: which ones their customers do not see and why, and which ones end soon."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from plugin import settings
from plugin.language import Language
from plugin.settings import ShopSettings
from widgets.trust import checking
from widgets.trust.results import HOLDS, SAYS, STALE, Result
from widgets.trust.seals import holds, name_of
from widgets.trust.settings import TrustSettings

AHEAD = timedelta(days=30)
"""How long before its last day a seal is spoken of."""


def alerts(conn: Connection, shop_id: int, language: Language, now: datetime) -> Iterator[str]:
    """Yield one sentence for each seal that is hidden, or will be."""
    versions = settings.versions(conn, [shop_id], [TrustSettings, ShopSettings])
    own = versions.current(shop_id, TrustSettings).value
    if not own.enabled or not own.seals:
        return
    today = now.astimezone(versions.current(shop_id, ShopSettings).value.zone).date()
    checks = checking.checks(conn, shop_id)
    for seal in own.seals:
        row, name = checks.get(checking.fingerprint(seal)), name_of(seal)
        ends = language.long_date(seal.valid_until)
        if seal.valid_until < today:
            yield language.gettext(
                "The seal “%(seal)s” is hidden: it was valid until %(date)s.", seal=name, date=ends
            )
        elif row is None or row.checked_at is None:
            continue
        elif holds(seal, row, now, today):
            if seal.valid_until - today <= AHEAD:
                yield language.gettext(
                    "The seal “%(seal)s” is valid until %(date)s, and hidden afterwards.",
                    seal=name,
                    date=ends,
                )
        else:
            result = Result(row.result)
            why = STALE if result in HOLDS else SAYS[result]
            yield language.gettext(
                "The seal “%(seal)s” is hidden: %(why)s.", seal=name, why=language.gettext(why)
            )
