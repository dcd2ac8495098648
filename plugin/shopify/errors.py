"""What can go wrong between us and a shop's Admin API, each with what it means for the caller."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from plugin.errors import DankbarError, Retry


class GatewayError(DankbarError):
    """Base of everything the Admin API can answer but success."""


class Unreachable(GatewayError, Retry):
    """No usable answer: try again later.

    ``unknown`` tells that the request may have been carried out; ``wait`` is how many seconds Shopify asks for.
    """

    def __init__(self, message: str, *, unknown: bool = False, wait: float | None = None) -> None:
        super().__init__(message)
        self.unknown = unknown
        self.wait = wait


class Throttled(Unreachable):
    """The shop's call limit is used up; nothing was carried out."""


class Disconnected(GatewayError):
    """There is no valid token for this shop: it uninstalled the app, or its staff must open the app again."""


class AccessDenied(GatewayError):
    """Shopify withholds all of what was asked for: a scope or an approval is missing."""


class Misunderstood(GatewayError):
    """Shopify cannot make sense of the document or its variables (or we of the answer): the same at every try."""

    def __init__(self, message: str, *, codes: Collection[str] = ()) -> None:
        super().__init__(message)
        self.codes = frozenset(codes)


@dataclass(frozen=True, slots=True)
class UserError:
    """One refusal of a mutation: where, which of Shopify's codes, and its sentence."""

    field: str
    code: str
    message: str


class Refused(GatewayError):
    """The mutation was understood and definitely not carried out."""

    def __init__(self, errors: Sequence[UserError]) -> None:
        codes = sorted({error.code for error in errors})
        super().__init__(f"Shopify refused: {', '.join(codes)}.")
        self.errors = tuple(errors)

    def has(self, *codes: str) -> bool:
        """Tell whether one of these codes is among the reasons."""
        return any(error.code in codes for error in self.errors)


def user_errors(found: Sequence[Mapping[str, object]]) -> tuple[UserError, ...]:
    """Read ``userErrors`` of a mutation's payload."""
    errors = []
    for error in found:
        path = error.get("field")
        parts = path if isinstance(path, list) else []
        errors.append(
            UserError(
                ".".join(str(part) for part in parts),
                str(error.get("code") or "UNKNOWN"),
                str(error.get("message") or ""),
            )
        )
    return tuple(errors)
