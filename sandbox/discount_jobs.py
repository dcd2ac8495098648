"""Work on codes that Shopify does in the background: asked for now, done a little later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sandbox.state import Creation, Discount, RedeemCode, Removal, Shop, State

MAX_CODES = 250


def add_codes(state: State, shop: Shop, discount: Discount, codes: Sequence[str], now: datetime) -> Creation:
    """Ask for codes to be added to a discount; which ones were taken is known when it is done."""
    creation = Creation(
        id=state.ids.next(),
        discount_id=discount.id,
        codes=list(codes),
        created_at=now,
        ready_at=now + timedelta(seconds=state.bulk_seconds),
    )
    shop.creations[creation.id] = creation
    return creation


def remove_codes(state: State, shop: Shop, discount: Discount, ids: Sequence[int], now: datetime) -> Removal:
    """Ask for codes to be removed from a discount."""
    ready_at = now + timedelta(seconds=state.bulk_seconds)
    removal = Removal(state.ids.next(), discount.id, list(ids), ready_at)
    shop.removals[removal.id] = removal
    return removal


def finish_due(state: State, shop: Shop, now: datetime) -> None:
    """Carry out what has become due, in the order in which it was asked for."""
    due: list[Creation | Removal] = [
        *(one for one in shop.creations.values() if one.results is None and one.ready_at <= now),
        *(one for one in shop.removals.values() if not one.done and one.ready_at <= now),
    ]
    for one in sorted(due, key=lambda job: job.ready_at):
        if isinstance(one, Creation):
            _import(state, shop, one)
        else:
            _remove(shop, one)


def _import(state: State, shop: Shop, creation: Creation) -> None:
    discount = shop.discounts.get(creation.discount_id)
    results: list[tuple[str, int | None]] = []
    for code in creation.codes:
        if discount is None or not code.strip() or shop.discount_of(code):
            results.append((code, None))
            continue
        made = RedeemCode(state.ids.next(), code)
        discount.codes[code.casefold()] = made
        discount.updated_at = creation.ready_at
        results.append((code, made.id))
    creation.results = results


def _remove(shop: Shop, removal: Removal) -> None:
    discount = shop.discounts.get(removal.discount_id)
    if discount is not None:
        gone = set(removal.code_ids)
        discount.codes = {key: code for key, code in discount.codes.items() if code.id not in gone}
    removal.done = True
