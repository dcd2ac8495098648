"""An ``OrderState`` as compact JSON and back, for the order's row; times are whole microseconds of UTC."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from plugin.core.orders import (
    Key,
    Line,
    OrderFacts,
    OrderState,
    Refund,
    RefundLine,
    Snapshot,
    Told,
    microseconds,
)
from plugin.core.parcels import Parcel, Scan, Stage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(state: OrderState) -> str:
    """Return the state as JSON text."""
    snapshot = state.snapshot
    return json.dumps(
        [
            _facts(snapshot.facts) if snapshot else None,
            _us(snapshot.fetched_at) if snapshot else None,
            state.key,
            [_refund(refund) for refund in state.refunds],
            _told(state.customer),
            _told(state.token),
            int(state.deleted),
            state.dispute,
            [_parcel(parcel) for parcel in state.parcels],
        ],
        separators=(",", ":"),
    )


def decode(text: str) -> OrderState:
    """Return the state that ``encode`` wrote, at first without parcels."""
    facts, fetched_at, key, refunds, customer, token, deleted, dispute, *later = json.loads(text)
    return OrderState(
        snapshot=Snapshot(_to_facts(facts), _to_instant(fetched_at)) if facts else None,
        key=_to_key(key),
        refunds=tuple(_to_refund(refund) for refund in refunds),
        customer=_to_told(customer),
        token=_to_told(token),
        deleted=bool(deleted),
        dispute=(dispute[0], bool(dispute[1])) if dispute else None,
        parcels=tuple(_to_parcel(row) for row in later[0]) if later else (),
    )


def _facts(facts: OrderFacts) -> list[Any]:
    return [
        facts.id,
        _us(facts.updated_at),
        _us(facts.created_at),
        _us(facts.processed_at),
        _us(facts.cancelled_at),
        int(facts.test),
        facts.currency,
        int(facts.taxes_included),
        facts.status,
        facts.outstanding,
        facts.subtotal,
        facts.tax,
        facts.source,
        facts.locale,
        facts.customer_id,
        facts.codes,
        facts.applications,
        [_line(line) for line in facts.lines],
        [_refund(refund) for refund in facts.refunds],
        facts.shipping,
        facts.country,
        facts.province,
    ]


def _to_facts(row: list[Any]) -> OrderFacts:
    return OrderFacts(
        id=row[0],
        updated_at=_instant(row[1]),
        created_at=_instant(row[2]),
        processed_at=_instant(row[3]),
        cancelled_at=_to_instant(row[4]),
        test=bool(row[5]),
        currency=row[6],
        taxes_included=bool(row[7]),
        status=row[8],
        outstanding=row[9],
        subtotal=row[10],
        tax=row[11],
        source=row[12],
        locale=row[13],
        customer_id=row[14],
        codes=tuple(row[15]),
        applications=tuple((index, code) for index, code in row[16]),
        lines=tuple(_to_line(line) for line in row[17]),
        refunds=tuple(_to_refund(refund) for refund in row[18]),
        shipping=row[19],
        country=row[20],
        province=row[21],
    )


def _line(line: Line) -> list[Any]:
    gift, ships = int(line.gift_card), int(line.ships)
    return [line.id, line.product_id, line.quantity, line.current, gift, ships, line.price, line.allocations]


def _to_line(row: list[Any]) -> Line:
    id, product_id, quantity, current, gift_card, ships, price, allocations = row
    pairs = tuple((index, amount) for index, amount in allocations)
    return Line(id, product_id, quantity, current, bool(gift_card), bool(ships), price, pairs)


def _refund(refund: Refund) -> list[Any]:
    lines = refund.lines
    return [
        refund.id,
        _us(refund.at),
        None
        if lines is None
        else [(line.line_id, line.quantity, line.subtotal, line.tax, int(line.gift_card)) for line in lines],
        refund.discrepancy,
    ]


def _to_refund(row: list[Any]) -> Refund:
    refund_id, at, lines, discrepancy = row
    found = None
    if lines is not None:
        found = tuple(
            RefundLine(id, quantity, subtotal, tax, bool(gift)) for id, quantity, subtotal, tax, gift in lines
        )
    return Refund(refund_id, _instant(at), found, discrepancy)


def _parcel(parcel: Parcel) -> list[Any]:
    return [
        parcel.id,
        _us(parcel.created_at),
        _us(parcel.updated_at),
        parcel.status,
        parcel.carrier,
        parcel.number,
        parcel.url,
        parcel.items,
        [(stage.status, _us(stage.at)) for stage in parcel.stages],
        [(scan.id, scan.status, _us(scan.at), _us(scan.known_at)) for scan in parcel.scans],
        int(parcel.announced),
    ]


def _to_parcel(row: list[Any]) -> Parcel:
    items, stages, scans = row[7:10]
    return Parcel(
        id=row[0],
        created_at=_to_instant(row[1]),
        updated_at=_to_instant(row[2]),
        status=row[3],
        carrier=row[4],
        number=row[5],
        url=row[6],
        items=None if items is None else tuple((line, pieces) for line, pieces in items),
        stages=tuple(Stage(status, _instant(at)) for status, at in stages),
        scans=tuple(Scan(id, status, _instant(at), _instant(known)) for id, status, at, known in scans),
        announced=bool(row[10]),
    )


def _told(told: Told | None) -> list[Any] | None:
    return [told.key, told.value] if told else None


def _to_told(row: list[Any] | None) -> Told | None:
    if row is None:
        return None
    return Told(cast("Key", tuple(row[0])), row[1])


def _to_key(row: list[Any] | None) -> Key | None:
    return cast("Key", tuple(row)) if row is not None else None


def _us(instant: datetime | None) -> int | None:
    return None if instant is None else microseconds(instant)


def _instant(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def _to_instant(value: int | None) -> datetime | None:
    return None if value is None else _instant(value)
