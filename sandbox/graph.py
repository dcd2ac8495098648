"""Executing GraphQL on the real schema: one resolver for each simulated field, an error for every other."""

from __future__ import annotations

import base64
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    ValidationRule,
    default_field_resolver,
    execute_sync,
    get_named_type,
    is_composite_type,
    parse,
    specified_rules,
    validate,
)

from sandbox.appconfig import allows
from sandbox.ids import gid, instant, utc
from sandbox.money import Body, decimal, graph_decimal
from sandbox.state import Shop, State

MAX_PAGE = 250


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks, and when."""

    state: State
    shop: Shop
    now: datetime
    required_scopes: Mapping[str, frozenset[str]]


Resolver = Callable[..., Any]
Fields = Mapping[str, Resolver]
Tables = Mapping[str, Fields]


@dataclass(frozen=True, slots=True)
class Engine:
    """The simulated part of the schema: resolvers by type and field, and the type of a value behind an interface."""

    tables: Tables
    type_of: Callable[[Any], str]
    rule: type[ValidationRule]


def key(name: str, change: Callable[[Any], Any] = lambda value: value) -> Resolver:
    """Resolve to one key of a mapping, changed unless it is null."""

    def resolve(source: Body, context: Context) -> Any:
        value = source[name]
        return None if value is None else change(value)

    return resolve


def keys(*names: str) -> Fields:
    """Resolve fields to the keys of the same name."""
    return {name: key(name) for name in names}


def attributes(**names: str) -> dict[str, Resolver]:
    """Resolve fields to attributes of the source."""

    def reader(name: str) -> Resolver:
        return lambda source, context: getattr(source, name)

    return {field: reader(name) for field, name in names.items()}


def time_of(text: str) -> str:
    """Write a webhook's time stamp as the Admin API does."""
    return utc(instant(text))


def global_id(kind: str) -> Callable[[Any], str]:
    """Return what turns a number into a global id of this kind."""
    return lambda number: gid(kind, int(number))


def money(amount: str, currency: str) -> Body:
    """Build a MoneyV2."""
    return {"amount": graph_decimal(amount), "currencyCode": currency}


def bag(webhook_set: Body) -> Body:
    """Build a MoneyBag from a webhook's ``*_set``."""
    return {
        "shopMoney": money(webhook_set["shop_money"]["amount"], webhook_set["shop_money"]["currency_code"]),
        "presentmentMoney": money(
            webhook_set["presentment_money"]["amount"], webhook_set["presentment_money"]["currency_code"]
        ),
    }


def bag_of_text(amount: str, currency: str) -> Body:
    """Build a MoneyBag from a webhook's plain decimal."""
    one = money(amount, currency)
    return {"shopMoney": one, "presentmentMoney": dict(one)}


def bag_of(amount: int, currency: str) -> Body:
    """Build a MoneyBag from minor units."""
    return bag_of_text(decimal(amount, currency), currency)


def connection(
    items: Sequence[Any],
    position: Callable[[Any], Any],
    *,
    first: int | None = None,
    last: int | None = None,
    after: str | None = None,
    before: str | None = None,
    reverse: bool = False,
) -> Body:
    """Cut a page out of items that ascend by ``position``; a cursor holds a position, so pages never overlap."""
    if (first is None) == (last is None):
        raise GraphQLError("you must provide one of first or last")
    size = first if first is not None else last
    if size is None or not 0 < size <= MAX_PAGE:
        raise GraphQLError(f"first and last must be between 1 and {MAX_PAGE}")
    ordered = list(reversed(items)) if reverse else list(items)
    start, stop = 0, len(ordered)
    if after is not None:
        mark = _read_cursor(after)
        start = sum(1 for item in ordered if position(item) == mark or (position(item) < mark) != reverse)
    if before is not None:
        mark = _read_cursor(before)
        stop = sum(1 for item in ordered if position(item) != mark and (position(item) < mark) != reverse)
    window = ordered[start:stop]
    page = window[:size] if first is not None else window[-size:]
    offset = start if first is not None else start + len(window) - len(page)
    edges = [{"cursor": _cursor(position(item)), "node": item} for item in page]
    return {
        "edges": edges,
        "nodes": page,
        "pageInfo": {
            "hasNextPage": offset + len(page) < len(ordered),
            "hasPreviousPage": offset > 0,
            "startCursor": edges[0]["cursor"] if edges else None,
            "endCursor": edges[-1]["cursor"] if edges else None,
        },
    }


def listing(items: Sequence[Any], **page: Any) -> Body:
    """Cut a page out of a list that keeps its own order; a cursor holds the place in the list."""
    cut = connection(list(enumerate(items)), operator.itemgetter(0), **page)
    cut["nodes"] = [item for _, item in cut["nodes"]]
    cut["edges"] = [{"cursor": edge["cursor"], "node": edge["node"][1]} for edge in cut["edges"]]
    return cut


def _cursor(position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _read_cursor(cursor: str) -> Any:
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor))
    except ValueError:
        raise GraphQLError("Invalid cursor for current pagination sort.") from None
    return tuple(position) if isinstance(position, list) else position


CONNECTION: Fields = keys("nodes", "edges", "pageInfo")
EDGE: Fields = keys("node", "cursor")
SHARED: Tables = {
    "PageInfo": keys("hasNextPage", "hasPreviousPage", "startCursor", "endCursor"),
    "MoneyBag": keys("shopMoney", "presentmentMoney"),
    "MoneyV2": keys("amount", "currencyCode"),
    "Count": keys("count", "precision"),
    "UserError": keys("field", "message"),
}


def _fields_of(tables: Tables, type_name: str) -> Fields | None:
    if type_name.endswith("Connection"):
        return CONNECTION
    if type_name.endswith("Edge"):
        return EDGE
    return tables.get(type_name)


def only_simulated(tables: Tables) -> type[ValidationRule]:
    """Build the rule that refuses fields without a resolver."""

    class OnlySimulated(ValidationRule):
        """Refuse what has no resolver here, instead of answering null for it."""

        def enter_field(self, node: FieldNode, *_: Any) -> None:
            """Look the field up in the tables."""
            parent, name = self.context.get_parent_type(), node.name.value
            if parent is None or name.startswith("__") or not hasattr(parent, "fields"):
                return
            if parent.name in _INTERFACES or parent.name.startswith("__") or name not in parent.fields:
                return
            fields = _fields_of(tables, parent.name)
            if fields is None or name not in fields:
                text = f"The sandbox does not simulate {parent.name}.{name}."
                self.report_error(GraphQLError(text, node, extensions={"code": "NOT_SIMULATED"}))

    return OnlySimulated


_INTERFACES = frozenset(
    {
        "Node",
        "DisplayableError",
        "DiscountApplication",
        "HasMetafields",
        "LegacyInteroperability",
        "PartnerEvent",
        "Price",
    }
)


def checked(engine: Engine, schema: GraphQLSchema, query: str) -> DocumentNode | list[GraphQLError]:
    """Parse and validate a document against the schema and against what is simulated."""
    try:
        document = parse(query)
    except GraphQLError as error:
        return [error]
    errors = validate(schema, document, [*specified_rules, engine.rule])
    return errors or document


def run(
    engine: Engine,
    schema: GraphQLSchema,
    document: DocumentNode,
    context: Context,
    variables: Body | None,
    operation_name: str | None,
) -> ExecutionResult:
    """Execute a checked document; a field whose scope was not granted is null with ACCESS_DENIED beside it."""

    def resolve(source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        _require_scope(info, context)
        if info.parent_type.name.startswith("__"):
            return default_field_resolver(source, info, **arguments)
        fields = _fields_of(engine.tables, info.parent_type.name)
        if fields is None or info.field_name not in fields:
            raise GraphQLError(f"The sandbox does not simulate {info.parent_type.name}.{info.field_name}.")
        return fields[info.field_name](source, context, **arguments)

    return execute_sync(
        schema,
        document,
        root_value={},
        context_value=context,
        variable_values=variables,
        operation_name=operation_name,
        field_resolver=resolve,
        type_resolver=lambda value, *_: engine.type_of(value),
    )


def _require_scope(info: GraphQLResolveInfo[Any], context: Context) -> None:
    field = f"{info.parent_type.name}.{info.field_name}"
    returned = get_named_type(info.return_type)
    needed = context.required_scopes.get(field)
    if needed is None and is_composite_type(returned):
        name = returned.name.removesuffix("Connection")
        needed = context.required_scopes.get(name)
    if needed and not any(allows(context.shop.scopes, scope) for scope in needed):
        raise access_denied(info.field_name, sorted(needed))


def access_denied(field: str, scopes: Sequence[str]) -> GraphQLError:
    """Build the error for a scope that was not granted."""
    wanted = " or ".join(f"`{scope}`" for scope in scopes)
    return GraphQLError(
        f"Access denied for {field} field. Required access: {wanted} access scope.",
        extensions={"code": "ACCESS_DENIED", "requiredAccess": f"{wanted} access scope."},
    )
