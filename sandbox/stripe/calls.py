"""One request to the API, and what an operation is: its right, its parameters, what it does."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sandbox.stripe import subscriptions
from sandbox.stripe.account import Account, Body
from sandbox.stripe.errors import StripeRefusal
from sandbox.stripe.shapes import listed


@dataclass(frozen=True, slots=True)
class Call:
    """One request that has been read, checked and allowed."""

    account: Account
    id: str
    given: Body
    key: str | None

    def tell(self, kind: str, about: Body) -> None:
        """Tell of something that this request brought about."""
        subscriptions.tell(self.account, kind, about, self.key)


@dataclass(frozen=True, slots=True)
class Operation:
    """``right`` is the name after ``rak_`` in a restricted key; ``kind`` names the class of the parameters."""

    method: str
    path: str
    kind: str
    right: str
    do: Callable[[Call], Body]

    @property
    def parameters(self) -> Any:
        """The class of Stripe's package that says which parameters there are."""
        folder, _, name = self.kind.rpartition(".")
        snake = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        module = import_module(f"stripe.params{f'.{folder}' if folder else ''}._{snake}_params")
        return getattr(module, f"{name}Params")


def page(call: Call, found: list[Body], url: str) -> Body:
    """Return the asked part of a list, newest first."""
    ids = [one["id"] for one in found]
    after = call.given.get("starting_after")
    first = ids.index(after) + 1 if after in ids else 0
    most = call.given.get("limit", 10)
    return listed(found[first : first + most], url, more=len(found) > first + most)


def expect_there(customer: Body) -> None:
    """Raise StripeRefusal for a customer that was deleted."""
    if customer.get("deleted"):
        raise StripeRefusal(
            f"No such customer: '{customer['id']}'", code="resource_missing", param="customer"
        )
