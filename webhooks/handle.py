"""One batch of stored events, handled in one transaction: their effects and the mark "handled" commit together.

All events about orders are applied as one set, since orders converge however they are told. Only where the set
fails is each event tried alone within a savepoint, so that a poisoned one is parked and blocks nobody.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from sqlalchemy import Connection

import widgets
from plugin import shops
from plugin.core.orders import Arrival
from plugin.crypto import Keyring
from plugin.errors import DankbarError, Park
from plugin.outage import is_outage
from plugin.pseudonyms import Pseudonyms
from plugin.shops import Shop
from webhooks import inbox, turns
from webhooks.inbox import Event
from webhooks.topics import Topic, topic_of

log = structlog.get_logger()


@dataclass(slots=True)
class Batch:
    """What became of a batch: how many events were taken, and which orders can be read now."""

    taken: int = 0
    handled: list[int] = field(default_factory=list)
    parked: int = 0
    failed: int = 0
    orders: set[tuple[int, int]] = field(default_factory=set)
    turn: str = ""
    """The shop after which the next batch should begin."""
    received: dict[int, datetime] = field(default_factory=dict)
    """When the events that were taken had come, by their ids."""


@dataclass(frozen=True, slots=True)
class _About:
    """An event about one order, decoded."""

    event: Event
    arrival: Arrival


def handle_due(conn: Connection, keyring: Keyring, now: datetime, most: int, after: str = "") -> Batch:
    """Take up to ``most`` waiting events, beginning ``after`` that shop, and handle them; the caller commits."""
    batch = Batch()
    events, batch.turn = turns.due(conn, keyring, now, most, after)
    batch.taken = len(events)
    batch.received = {event.id: event.received_at for event in events}
    if not events:
        return batch
    known = shops.shops_by_handle(conn, {event.shop for event in events})
    pseudonyms = Pseudonyms(keyring, known.values())
    about: list[_About] = []
    for event in events:
        try:
            _sort(conn, event, known.get(event.shop), keyring, pseudonyms, now, batch, about)
        except Exception as error:  # noqa: BLE001 every failure is recorded with the event
            _give_back(conn, event, error, now, batch)
    _apply(conn, about, pseudonyms, now, batch)
    inbox.finish(conn, batch.handled, now)
    return batch


def _sort(
    conn: Connection,
    event: Event,
    shop: Shop | None,
    keyring: Keyring,
    pseudonyms: Pseudonyms,
    now: datetime,
    batch: Batch,
    about: list[_About],
) -> None:
    topic = topic_of(event.source, event.topic)
    if event.body is None:
        raise Park("The body can no longer be decrypted: its key was removed.")
    if topic is None:
        raise Park(f"Nothing is done with the topic {event.topic or '(none)'}.")
    if not topic.after_uninstall and (shop is None or not shop.installed):
        raise Park("The shop is unknown or has uninstalled the app.")
    _check_owner(event)
    if topic.decode is not None and shop is not None:
        about.append(_About(event, topic.decode(event, shop, pseudonyms.key(shop.id))))
    else:
        _handle_alone(conn, topic, event, shop, keyring, now, batch)


def _handle_alone(
    conn: Connection,
    topic: Topic,
    event: Event,
    shop: Shop | None,
    keyring: Keyring,
    now: datetime,
    batch: Batch,
) -> None:
    if topic.handle is None:
        raise Park("The shop is unknown or has uninstalled the app.")
    with conn.begin_nested():
        topic.handle(conn, event, shop, now, keyring)
    batch.handled.append(event.id)


def _apply(
    conn: Connection, about: Sequence[_About], pseudonyms: Pseudonyms, now: datetime, batch: Batch
) -> None:
    if not about:
        return
    try:
        with conn.begin_nested():
            widgets.apply(conn, [one.arrival for one in about], now, pseudonyms)
    except Exception as error:
        if is_outage(error):
            raise
        if len(about) == 1:
            _give_back(conn, about[0].event, error, now, batch)
            return
        for one in about:
            _apply(conn, [one], pseudonyms, now, batch)
        return
    for one in about:
        batch.handled.append(one.event.id)
        batch.orders.add((one.arrival.shop_id, one.arrival.order_id))


def _give_back(conn: Connection, event: Event, error: Exception, now: datetime, batch: Batch) -> None:
    if is_outage(error):
        raise error  # a database that is full, locked or gone is nobody's fault: the whole batch waits
    if isinstance(error, Park):
        _park(conn, event, str(error), batch)
    else:
        _fail(conn, event, error, now, batch)


def _fail(conn: Connection, event: Event, error: Exception, now: datetime, batch: Batch) -> None:
    reason = (
        str(error) if isinstance(error, DankbarError) else f"An error in the program: {type(error).__name__}."
    )
    log.error(
        "event failed",
        shop=event.shop,
        webhook=event.webhook_id,
        topic=event.topic,
        error=type(error).__name__,
    )
    batch.failed += 1
    if inbox.fail(conn, event, reason, now):
        batch.parked += 1


def _park(conn: Connection, event: Event, reason: str, batch: Batch) -> None:
    log.warning("event parked", shop=event.shop, webhook=event.webhook_id, topic=event.topic)
    inbox.park(conn, event, reason)
    batch.parked += 1


def _check_owner(event: Event) -> None:
    """Refuse a body that names another shop: the signature covers the body only, not its headers."""
    if not (
        event.topic.startswith(("app/uninstalled", "shop/", "customers/data_request", "customers/redact"))
    ):
        return
    try:
        body = json.loads(event.body or b"")
    except (ValueError, RecursionError) as error:
        raise Park("The body is not JSON.") from error
    named = body.get("myshopify_domain") or body.get("shop_domain") if isinstance(body, dict) else None
    if isinstance(named, str) and named.lower() != f"{event.shop}.myshopify.com":
        raise Park("The body names another shop than the header.")
