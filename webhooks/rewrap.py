"""Stored bodies under a new key: what waits or is parked is sealed again with the newest one."""

from sqlalchemy import Connection, bindparam, select, update

from plugin.crypto import Keyring, SealBroken
from plugin.database import Database, lock_rows
from webhooks.inbox import body_context, inbox

PORTION = 200

_NEXT = (
    select(inbox.c.id, inbox.c.shop, inbox.c.webhook_id, inbox.c.body)
    .where(inbox.c.id > bindparam("after"), inbox.c.body.is_not(None))
    .order_by(inbox.c.id)
    .limit(PORTION)
)
_SEAL = update(inbox).where(inbox.c.id == bindparam("event_id")).values(body=bindparam("sealed"))


async def rotate_keys(db: Database, keyring: Keyring) -> int:
    """Seal every stored body with the newest key and return how many were sealed again.

    Raises SealBroken at the end when some body opens with none of the configured keys.
    """
    after, sealed, lost = 0, 0, 0
    while True:

        def portion(conn: Connection, after: int = after) -> tuple[int | None, int, int]:
            return _portion(conn, keyring, after)

        last, done, broken = await db.write(portion)
        sealed, lost = sealed + done, lost + broken
        if last is None:
            break
        after = last
    if lost:
        raise SealBroken(
            f"{lost} stored webhooks open with no key in DANKBAR_SECRET_KEY: add the key they need."
        )
    return sealed


def _portion(conn: Connection, keyring: Keyring, after: int) -> tuple[int | None, int, int]:
    statement = _NEXT.with_for_update() if lock_rows(conn) else _NEXT
    rows = conn.execute(statement, {"after": after}).all()
    fresh, broken = [], 0
    for row in rows:
        if not keyring.needs_rewrap(row.body):
            continue
        try:
            body = keyring.rewrap(row.body, context=body_context(row.shop, row.webhook_id))
        except SealBroken:
            broken += 1
        else:
            fresh.append({"event_id": row.id, "sealed": body})
    if fresh:
        conn.execute(_SEAL, fresh)
    return (rows[-1].id if rows else None), len(fresh), broken
