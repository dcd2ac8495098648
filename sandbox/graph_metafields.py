"""Metafields in the Admin API, and the resources that can own one."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sandbox.appconfig import allows
from sandbox.graph import Context, Tables, access_denied, attributes, keys
from sandbox.graph_orders import find_order
from sandbox.ids import gid, number_of, utc
from sandbox.money import Body
from sandbox.state import Metafield, Product, Shop

WRITE_SCOPES = {"Customer": "write_customers", "Order": "write_orders", "Product": "write_products"}


def owner_gid(context: Context, source: Any) -> str:
    """Return the global id under which the metafields of a resource are kept."""
    if isinstance(source, Shop):
        return source.gid
    if isinstance(source, Product):
        return gid("Product", source.id)
    if isinstance(source, dict):
        return gid("AppInstallation", context.shop.installation_id)
    return str(source.gid)


def _namespace(context: Context, namespace: str | None) -> str:
    reserved = f"app--{context.state.app_id}"
    if namespace is None or namespace == "$app":
        return reserved
    return namespace.replace("$app:", f"{reserved}--")


def metafield(source: Any, context: Context, *, key: str, namespace: str | None = None) -> Metafield | None:
    """Find a metafield of a resource; no namespace means the app's own."""
    return context.shop.metafields.get((owner_gid(context, source), _namespace(context, namespace), key))


def digest(value: str) -> str:
    """Return the compareDigest of a value."""
    return hashlib.sha256(value.encode()).hexdigest()


def _set_metafields(source: Any, context: Context, *, metafields: list[Body]) -> Body:
    errors = [error for i, one in enumerate(metafields) for error in _metafield_errors(context, i, one)]
    if len(metafields) > 25:
        errors.append(
            _error(None, "LESS_THAN_OR_EQUAL_TO", "Exceeded the maximum metafields input limit of 25.")
        )
    if errors:
        return {"metafields": None, "userErrors": errors}
    return {"metafields": [_write(context, one) for one in metafields], "userErrors": []}


def _metafield_errors(context: Context, index: int, one: Body) -> list[Body]:
    owner = one["ownerId"]
    kind = owner.split("/")[3] if owner.count("/") == 4 else ""
    if not _exists(context, owner):
        return [_error(index, "INVALID", "Owner does not exist.", "ownerId")]
    if kind in WRITE_SCOPES and not allows(context.shop.scopes, WRITE_SCOPES[kind]):
        raise access_denied("metafieldsSet", [WRITE_SCOPES[kind]])
    held = context.shop.metafields.get((owner, _namespace(context, one.get("namespace")), one["key"]))
    if "compareDigest" in one and one["compareDigest"] != (None if held is None else digest(held.value)):
        return [_error(index, "STALE_OBJECT", "The resource has been updated since it was loaded.")]
    if held is None and not one.get("type"):
        return [_error(index, "BLANK", "Type can't be blank", "type")]
    wanted = one.get("type") or (held.type if held else "")
    if not _fits(wanted, one["value"]):
        return [_error(index, "INVALID_VALUE", f"Value does not fit the type {wanted}.", "value")]
    return []


def _fits(kind: str, value: str) -> bool:
    try:
        if kind == "number_integer":
            int(value)
        elif kind == "json":
            json.loads(value)
        elif kind == "boolean":
            return value in {"true", "false"}
    except ValueError:
        return False
    return value != ""


def _error(index: int | None, code: str, message: str, field: str | None = None) -> Body:
    path = ["metafields"] if index is None else ["metafields", str(index), *([field] if field else [])]
    return {"field": path, "code": code, "message": message, "elementIndex": index}


def _write(context: Context, one: Body) -> Metafield:
    place = (one["ownerId"], _namespace(context, one.get("namespace")), one["key"])
    held = context.shop.metafields.get(place)
    if held is None:
        held = Metafield(
            context.state.ids.next(), *place, one["type"], one["value"], context.now, context.now
        )
        context.shop.metafields[place] = held
    held.type, held.value, held.updated_at = one.get("type") or held.type, one["value"], context.now
    return held


def _delete_metafields(source: Any, context: Context, *, metafields: list[Body]) -> Body:
    for one in metafields:
        kind = one["ownerId"].split("/")[3] if one["ownerId"].count("/") == 4 else ""
        if kind in WRITE_SCOPES and not allows(context.shop.scopes, WRITE_SCOPES[kind]):
            raise access_denied("metafieldsDelete", [WRITE_SCOPES[kind]])
    gone = [
        context.shop.metafields.pop((one["ownerId"], _namespace(context, one["namespace"]), one["key"]), None)
        and one
        for one in metafields
    ]
    return {"deletedMetafields": gone, "userErrors": []}


def _exists(context: Context, global_id_: str) -> bool:
    return node(context, global_id_) is not None


def node(context: Context, global_id_: str) -> Any:
    """Find any simulated resource by its global id."""
    shop = context.shop
    if global_id_ == shop.gid:
        return shop
    if number_of(global_id_, "AppInstallation") == shop.installation_id:
        return installation(context)
    if number := number_of(global_id_, "Customer"):
        return shop.customers.get(number)
    if number := number_of(global_id_, "Product"):
        return shop.products.get(number)
    return find_order(context, global_id_)


def installation(context: Context) -> Body:
    """Return the app's installation in the shop."""
    return {"_type": "AppInstallation", "id": gid("AppInstallation", context.shop.installation_id)}


def _json_value(one: Metafield) -> Any:
    return json.loads(one.value) if one.type in {"json", "number_integer", "boolean"} else one.value


TABLES: Tables = {
    "Mutation": {"metafieldsSet": _set_metafields, "metafieldsDelete": _delete_metafields},
    "Metafield": {
        **attributes(key="key", namespace="namespace", type="type", value="value"),
        "id": lambda one, context: gid("Metafield", one.id),
        "compareDigest": lambda one, context: digest(one.value),
        "createdAt": lambda one, context: utc(one.created_at),
        "jsonValue": lambda one, context: _json_value(one),
        "updatedAt": lambda one, context: utc(one.updated_at),
    },
    "MetafieldIdentifier": keys("ownerId", "namespace", "key"),
    "MetafieldsDeletePayload": keys("deletedMetafields", "userErrors"),
    "MetafieldsSetPayload": keys("metafields", "userErrors"),
    "MetafieldsSetUserError": keys("field", "code", "message", "elementIndex"),
}
