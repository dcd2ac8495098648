"""What a query costs, and the bucket it is paid from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_composite_type,
)

from sandbox.money import Body
from sandbox.state import Bucket

MUTATION = 10
_VALUES = frozenset({"PageInfo", "MoneyBag", "MoneyV2", "Count", "PricingPercentageValue"})
HIGHEST = 1000


def requested(
    schema: GraphQLSchema, document: DocumentNode, variables: Body, operation_name: str | None
) -> int:
    """Return the points a query asks for: objects 1, mutations 10, connections by size, scalars and amounts nothing."""
    fragments = {
        one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
    }
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    chosen = next(
        (one for one in operations if one.name and one.name.value == operation_name),
        operations[0] if operations else None,
    )
    if chosen is None:
        return 0
    root = schema.get_root_type(chosen.operation)
    points = _selection(schema, root, chosen.selection_set, fragments, variables)
    if chosen.operation is OperationType.MUTATION:
        points += (MUTATION - 1) * len(chosen.selection_set.selections)
    return max(1, points)


def connection_points(size: int) -> int:
    """Return how many nodes a page of this size is counted as.

    It grows with the logarithm: 250 nodes with one object each were seen to ask for 24 points. The formula itself
    is not published; it lives here alone.
    """
    return min(size, math.ceil(1.5 * math.log2(size))) if size > 1 else 1


def _selection(
    schema: GraphQLSchema,
    parent: Any,
    selection: SelectionSetNode | None,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Body,
) -> int:
    points = 0
    for node in selection.selections if selection else ():
        if isinstance(node, FieldNode):
            points += _field(schema, parent, node, fragments, variables)
        elif isinstance(node, InlineFragmentNode):
            inner = schema.get_type(node.type_condition.name.value) if node.type_condition else parent
            points += _selection(schema, inner, node.selection_set, fragments, variables)
        elif isinstance(node, FragmentSpreadNode):
            fragment = fragments[node.name.value]
            inner = schema.get_type(fragment.type_condition.name.value)
            points += _selection(schema, inner, fragment.selection_set, fragments, variables)
    return points


def _field(
    schema: GraphQLSchema,
    parent: Any,
    node: FieldNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Body,
) -> int:
    definition = getattr(parent, "fields", {}).get(node.name.value)
    if definition is None:
        return 0
    returned = get_named_type(definition.type)
    if not is_composite_type(returned):
        return 0
    inner = _selection(schema, returned, node.selection_set, fragments, variables)
    name = returned.name
    if name.endswith("Connection"):
        return connection_points(_size(node, variables)) * max(1, inner)
    if name in _VALUES or name.endswith("Edge"):
        return inner
    return connection_points(_size(node, variables)) * (1 + inner)


def _size(node: FieldNode, variables: Body) -> int:
    for argument in node.arguments or ():
        if argument.name.value in {"first", "last"}:
            if isinstance(argument.value, IntValueNode):
                return int(argument.value.value)
            if isinstance(argument.value, VariableNode):
                return int(variables.get(argument.value.name.value) or 1)
    return 1


def refill(bucket: Bucket, now: datetime) -> None:
    """Let the bucket fill up for the time since it was last looked at."""
    if bucket.touched_at is not None:
        seconds = max(0.0, (now - bucket.touched_at).total_seconds())
        bucket.available = min(bucket.size, bucket.available + seconds * bucket.restore_rate)
    bucket.touched_at = now


def throttle_status(bucket: Bucket) -> Body:
    """Return what Shopify says of the bucket in each answer."""
    return {
        "maximumAvailable": bucket.size,
        "currentlyAvailable": int(bucket.available),
        "restoreRate": bucket.restore_rate,
    }
