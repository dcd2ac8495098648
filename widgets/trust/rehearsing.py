"""How a preview shows seals: as if each had just been found to hold, since nobody is asked for it."""

from datetime import datetime

from sqlalchemy import Connection, insert

from plugin import settings
from widgets.trust.checking import fingerprint
from widgets.trust.results import Result
from widgets.trust.settings import TrustSettings
from widgets.trust.tables import trust_check


def rehearse(conn: Connection, shop_id: int, now: datetime) -> None:
    """Record a check that holds for every seal among the settings."""
    seals = settings.current(conn, shop_id, TrustSettings).seals
    rows = [
        {
            "shop_id": shop_id,
            "fingerprint": fingerprint(seal),
            "result": Result.SHOP,
            "checked_at": now,
            "due_at": now,
        }
        for seal in seals
    ]
    if rows:
        conn.execute(insert(trust_check), rows)
