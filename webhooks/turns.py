"""Whose events are taken next: every shop that waits has its turn, so that one that sends much holds up nobody."""

from datetime import datetime

from sqlalchemy import Connection

from plugin.crypto import Keyring
from plugin.turns import Turns
from webhooks.inbox import Event, event, inbox

_TURNS = Turns(
    inbox,
    "shop",
    "",
    "state = 'waiting'",
    (
        "id",
        "source",
        "shop",
        "webhook_id",
        "topic",
        "triggered_at",
        "received_at",
        "body",
        "attempts",
        "due_at",
    ),
)


def due(
    conn: Connection, keyring: Keyring, now: datetime, most: int, after: str = ""
) -> tuple[list[Event], str]:
    """Take up to ``most`` due events for the rest of the transaction; other workers pass them by.

    Returns them, oldest first, and the shop ``after`` which the next claim should begin.
    """
    rows, turn = _TURNS.due(conn, now, most, after)
    return [event(row, keyring) for row in rows], turn
