"""Names of things at Shopify, and the documents as files."""

import pytest

from plugin.shopify.errors import Refused, user_errors
from plugin.shopify.names import gid, handle_of, number_of


def test_global_ids_go_both_ways() -> None:
    assert gid("Order", 2**63 - 1) == f"gid://shopify/Order/{2**63 - 1}"
    assert number_of(gid("Order", 2**63 - 1), "Order") == 2**63 - 1
    assert number_of("gid://shopify/InventoryLevel/7?inventory_item_id=8") == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "gid://shopify/Order/",
        "gid://shopify/Order/0",
        "gid://shopify/Order/\u0667",
        "gid://other/Order/7",
        f"gid://shopify/Order/{2**63}",
        "gid://shopify/Order/7/8",
        "xgid://shopify/Order/7",
    ],
)
def test_anything_else_is_no_global_id(text: str) -> None:
    with pytest.raises(ValueError, match="global id"):
        number_of(text, "Order")


def test_a_global_id_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="Order"):
        number_of("gid://shopify/OrderIdentity/7", "Order")
    assert handle_of("Example.myshopify.com") == "example"


def test_user_errors_name_where_and_why() -> None:
    found = user_errors(
        [
            {"field": ["basicCodeDiscount", "code"], "code": "TAKEN", "message": "Code must be unique."},
            {"field": None, "code": None, "message": "No."},
        ]
    )
    refusal = Refused(found)
    assert (found[0].field, found[0].code) == ("basicCodeDiscount.code", "TAKEN")
    assert refusal.has("DUPLICATE", "TAKEN")
    assert not refusal.has("INVALID")
    assert str(refusal) == "Shopify refused: TAKEN, UNKNOWN."
