"""Stripe bills one contract: one store, or the stores of one organisation that the operator lists. Pure."""

from collections.abc import Iterable

from plugin.language import sentence

NOT_OURS = sentence("This app belongs to another shop's contract and cannot be installed here.")


def unrelated(handles: Iterable[str], listed: frozenset[str]) -> str | None:
    """Return the first shop that has no part in the contract; None where all have.

    With a list, what is not on it has none. Without one, there is one shop at most: the one that came first.
    """
    shops = list(handles)
    if listed:
        return next((one for one in shops if one not in listed), None)
    return shops[1] if len(shops) > 1 else None
