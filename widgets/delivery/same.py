"""Caching by the very same value, where comparing or hashing all of it would cost more than what is cached."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Same(Generic[T]):
    """Holds ``it``; equal only to a holder of the same object."""

    __slots__ = ("it",)

    def __init__(self, it: T) -> None:
        self.it = it

    def __eq__(self, other: object) -> bool:
        """Tell whether both hold the same object."""
        return isinstance(other, Same) and self.it is other.it

    def __hash__(self) -> int:
        """Hash the identity, which cannot be another's while ``it`` is held."""
        return id(self.it)
