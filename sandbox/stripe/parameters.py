"""Request bodies, read from their form and checked against the parameter types of Stripe's own package."""

from __future__ import annotations

import re
import types
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from stripe._request_options import RequestOptions
from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

from sandbox.stripe.errors import StripeRefusal

Tree = dict[str, Any]
_NAMES = {"StripeContext": object, "Mapping": Mapping}
"""What the package's annotations name without importing it at run time."""


class _Wrong(Exception):
    """A value that is not of the type; where, and in Stripe's words what."""

    def __init__(self, param: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.code = code


def read(pairs: Iterable[tuple[str, str]]) -> Tree:
    """Turn ``items[0][price]=x`` into nested values; lists stay dictionaries by index until they are checked."""
    tree: Tree = {}
    for name, value in pairs:
        steps = re.findall(r"^[^\[]+|(?<=\[)[^\]]*(?=\])", name)
        place = tree
        for step in steps[:-1]:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                raise StripeRefusal(f"Invalid parameter: {name}", param=name)
            place = inner
        last = steps[-1] if steps[-1] or len(steps) == 1 else str(len(place))
        place[last] = value
    return tree


def checked(kind: Any, tree: Tree) -> Tree:
    """Return the parameters in their own types. Raises StripeRefusal as Stripe does for what it does not know."""
    try:
        return _record(kind, tree, "")
    except _Wrong as wrong:
        raise StripeRefusal(str(wrong), code=wrong.code, param=wrong.param) from wrong


@cache
def _fields(kind: Any) -> Mapping[str, Any]:
    hints = get_type_hints(kind, localns=_NAMES)
    return {name: hint for name, hint in hints.items() if name not in RequestOptions.__annotations__}


def _record(kind: Any, tree: Any, path: str) -> Tree:
    if not isinstance(tree, dict):
        raise _Wrong(path, f"Invalid object: {path}")
    fields = _fields(kind)
    for name in tree:
        if name not in fields:
            where = _inside(path, name)
            raise _Wrong(where, f"Received unknown parameter: {where}", "parameter_unknown")
    for name in kind.__required_keys__ & fields.keys():
        if name not in tree:
            where = _inside(path, name)
            raise _Wrong(where, f"Missing required param: {where}.", "parameter_missing")
    return {name: _value(fields[name], value, _inside(path, name)) for name, value in tree.items()}


def _value(hint: Any, given: Any, path: str) -> Any:
    origin, parts = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return _any_of(parts, given, path)
    if origin is Literal:
        if given not in parts:
            raise _Wrong(path, f"Invalid {path}: must be one of {', '.join(map(str, parts))}")
        return given
    if origin is list:
        return _list(parts[0], given, path)
    if origin in {dict, UntypedStripeObject}:
        if not isinstance(given, dict):
            raise _Wrong(path, f"Invalid hash: {path}")
        return {name: _value(parts[-1], value, _inside(path, name)) for name, value in given.items()}
    if is_typeddict(hint):
        return _record(hint, given, path)
    return _plain(hint, given, path)


def _any_of(parts: tuple[Any, ...], given: Any, path: str) -> Any:
    wrong = None
    for part in parts:
        try:
            return _value(part, given, path)
        except _Wrong as error:
            wrong = wrong if wrong and wrong.code else error
    raise wrong or _Wrong(path, f"Invalid {path}")


def _list(hint: Any, given: Any, path: str) -> list[Any]:
    if not isinstance(given, dict) or not all(key.isdigit() for key in given):
        raise _Wrong(path, f"Invalid array: {path}")
    return [_value(hint, given[key], f"{path}[{key}]") for key in sorted(given, key=int)]


def _plain(hint: Any, given: Any, path: str) -> Any:
    if not isinstance(given, str):
        raise _Wrong(path, f"Invalid string: {path}")
    if hint is bool:
        if given not in {"true", "false"}:
            raise _Wrong(path, f"Invalid boolean: {given}")
        return given == "true"
    if hint is int:
        if not re.fullmatch(r"-?[0-9]+", given):
            raise _Wrong(path, f"Invalid integer: {given}", "parameter_invalid_integer")
        return int(given)
    if hint in {float, Decimal}:
        try:
            return Decimal(given)
        except InvalidOperation as error:
            raise _Wrong(path, f"Invalid decimal: {given}") from error
    if hint is not str:
        raise _Wrong(path, f"Invalid {path}")
    return given


def _inside(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name
