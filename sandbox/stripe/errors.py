"""Stripe's errors, as its API words and shapes them."""

from __future__ import annotations

from typing import Any


class StripeRefusal(Exception):
    """A request that Stripe answers with an error object."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 Stripe's own word
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self._facts = {"code": code, "decline_code": decline_code, "param": param}
        self._type = type

    @property
    def body(self) -> dict[str, Any]:
        """The JSON that the client gets."""
        facts = {name: value for name, value in self._facts.items() if value is not None}
        return {"error": {"type": self._type, "message": str(self), **facts}}


def missing(kind: str, id: str, param: str = "id") -> StripeRefusal:
    """Return the error for an object that is not there."""
    status = 404 if param == "id" else 400
    return StripeRefusal(f"No such {kind}: '{id}'", status=status, code="resource_missing", param=param)


def declined() -> StripeRefusal:
    """Return the error for a card that is declined."""
    return StripeRefusal(
        "Your card was declined.",
        status=402,
        type="card_error",
        code="card_declined",
        decline_code="generic_decline",
    )
