"""Whole webhook bodies (version 2026-07), personal data included; subscriptions cut them down later."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sandbox.discounts import Applied, Cart, CartLine
from sandbox.ids import Ids, gid, local, token
from sandbox.money import Body, decimal, money_set
from sandbox.state import Customer, Product, Shop

COUNTRIES = {
    "DE": "Germany",
    "AT": "Austria",
    "CH": "Switzerland",
    "FR": "France",
    "NL": "Netherlands",
    "US": "United States",
    "CA": "Canada",
    "JP": "Japan",
    "KW": "Kuwait",
}


def order_body(
    shop: Shop,
    ids: Ids,
    cart: Cart,
    applied: Sequence[Applied],
    *,
    order_id: int | None,
    created_at: datetime,
    processed_at: datetime,
    test: bool,
    source_name: str,
    locale: str,
    checkout_token: str | None,
) -> Body:
    """Build an order as just placed; amounts that follow from the lines are filled in by `sandbox.totals`."""
    number = order_id if order_id is not None else ids.next()
    order_number = shop.next_order_number
    shop.next_order_number += 1
    created, secret = local(created_at, shop.time_zone), token()
    email = cart.customer.email if cart.customer else None
    place = address(cart) if any(line.product.requires_shipping for line in cart.lines) else None
    return {
        "id": number,
        "admin_graphql_api_id": gid("Order", number),
        "app_id": 580_111,
        "browser_ip": "192.0.2.17",
        "buyer_accepts_marketing": False,
        "cancel_reason": None,
        "cancelled_at": None,
        "cart_token": token(),
        "checkout_token": checkout_token if checkout_token is not None else token(),
        "client_details": {
            "browser_ip": "192.0.2.17",
            "user_agent": "Mozilla/5.0",
            "accept_language": locale,
        },
        "closed_at": None,
        "confirmation_number": secret[:9].upper(),
        "confirmed": True,
        "contact_email": email,
        "created_at": created,
        "currency": shop.currency,
        "current_total_additional_fees_set": None,
        "current_total_duties_set": None,
        "customer_locale": locale,
        "device_id": None,
        "discount_codes": _discount_codes(applied, shop.currency),
        "duties_included": False,
        "email": email,
        "estimated_taxes": False,
        "financial_status": "pending",
        "fulfillment_status": None,
        "landing_site": "/",
        "landing_site_ref": None,
        "location_id": None,
        "merchant_business_entity_id": "MTU0ODM4MDAwOQ",
        "merchant_of_record_app_id": None,
        "name": f"#{order_number}",
        "note": None,
        "note_attributes": [],
        "number": order_number - 1000,
        "order_number": order_number,
        "order_status_url": f"https://{shop.domain}/{shop.id}/orders/{secret}/authenticate?key={token()}",
        "original_total_additional_fees_set": None,
        "original_total_duties_set": None,
        "payment_gateway_names": ["bogus"],
        "phone": None,
        "po_number": None,
        "presentment_currency": shop.currency,
        "processed_at": local(processed_at, shop.time_zone),
        "reference": None,
        "referring_site": None,
        "source_identifier": None,
        "source_name": source_name,
        "source_url": None,
        "tags": "",
        "tax_exempt": False,
        "tax_lines": [],
        "taxes_included": shop.taxes_included,
        "test": test,
        "token": secret,
        "total_cash_rounding_payment_adjustment_set": money_set(0, shop.currency),
        "total_cash_rounding_refund_adjustment_set": money_set(0, shop.currency),
        "total_tip_received": decimal(0, shop.currency),
        "total_weight": sum(200 * line.quantity for line in cart.lines),
        "updated_at": created,
        "user_id": None,
        "billing_address": address(cart),
        "customer": None if cart.customer is None else customer_body(cart.customer, shop),
        "discount_applications": [_application(one) for one in applied],
        "fulfillments": [],
        "line_items": [_cart_line(ids, line, i, applied, shop.currency) for i, line in enumerate(cart.lines)],
        "payment_terms": None,
        "refunds": [],
        "shipping_address": place,
        "shipping_lines": _shipping_lines(ids, cart, applied, shop.currency),
        "returns": [],
        "line_item_groups": [],
    }


def _discount_codes(applied: Sequence[Applied], currency: str) -> list[Body]:
    return [
        {
            "code": one.code,
            "amount": decimal(one.total, currency),
            "type": "shipping" if one.discount_class == "SHIPPING" else one.value_type,
        }
        for one in applied
    ]


def _application(one: Applied) -> Body:
    return {
        "target_type": "shipping_line" if one.discount_class == "SHIPPING" else "line_item",
        "type": "discount_code",
        "value": one.value,
        "value_type": one.value_type,
        "allocation_method": one.allocation,
        "target_selection": one.selection,
        "code": one.code,
    }


def _cart_line(ids: Ids, line: CartLine, index: int, applied: Sequence[Applied], currency: str) -> Body:
    shares = [(i, one.per_line[index]) for i, one in enumerate(applied) if one.per_line[index]]
    return line_body(ids, line.product, line.quantity, line.price, shares, currency)


def line_body(
    ids: Ids, product: Product, quantity: int, price: int, shares: Sequence[tuple[int, int]], currency: str
) -> Body:
    """Build a line item; ``shares`` are (index of the discount application, minor units)."""
    number = ids.next()
    off = sum(amount for _, amount in shares)
    return {
        "id": number,
        "admin_graphql_api_id": gid("LineItem", number),
        "attributed_staffs": [],
        "current_quantity": quantity,
        "fulfillable_quantity": quantity,
        "fulfillment_service": "gift_card" if product.gift_card else "manual",
        "fulfillment_status": None,
        "gift_card": product.gift_card,
        "grams": 200,
        "name": product.title,
        "price": decimal(price, currency),
        "price_set": money_set(price, currency),
        "product_exists": True,
        "product_id": product.id,
        "properties": [],
        "quantity": quantity,
        "requires_shipping": product.requires_shipping,
        "sales_line_item_group_id": None,
        "sku": product.handle.upper(),
        "taxable": not product.gift_card,
        "title": product.title,
        "total_discount": decimal(off, currency),
        "total_discount_set": money_set(off, currency),
        "variant_id": product.variant_id,
        "variant_inventory_management": None,
        "variant_title": None,
        "vendor": None,
        "tax_lines": [],
        "duties": [],
        "discount_allocations": [_allocation(i, amount, currency) for i, amount in shares],
    }


def _allocation(index: int, amount: int, currency: str) -> Body:
    return {
        "amount": decimal(amount, currency),
        "amount_set": money_set(amount, currency),
        "discount_application_index": index,
    }


def _shipping_lines(ids: Ids, cart: Cart, applied: Sequence[Applied], currency: str) -> list[Body]:
    if cart.shipping is None:
        return []
    off = sum(one.shipping for one in applied)
    after = money_set(cart.shipping - off, currency)
    return [
        {
            "id": ids.next(),
            "carrier_identifier": None,
            "code": cart.shipping_title,
            "current_discounted_price_set": after,
            "discounted_price": decimal(cart.shipping - off, currency),
            "discounted_price_set": after,
            "is_removed": False,
            "phone": None,
            "price": decimal(cart.shipping, currency),
            "price_set": money_set(cart.shipping, currency),
            "requested_fulfillment_service_id": None,
            "source": "shopify",
            "title": cart.shipping_title,
            "tax_lines": [],
            "discount_allocations": [
                _allocation(i, one.shipping, currency) for i, one in enumerate(applied) if one.shipping
            ],
        },
    ]


def address(cart: Cart) -> Body:
    """Build the address of a cart's destination."""
    first, last = (cart.customer.first_name, cart.customer.last_name) if cart.customer else ("Gast", "Konto")
    return {
        "first_name": first,
        "address1": "Musterweg 5",
        "phone": None,
        "city": "Musterstadt",
        "zip": "80331",
        "province": cart.province,
        "country": COUNTRIES.get(cart.country, cart.country),
        "last_name": last,
        "address2": None,
        "company": None,
        "latitude": None,
        "longitude": None,
        "name": f"{first} {last}",
        "country_code": cart.country,
        "province_code": cart.province,
    }


def customer_body(customer: Customer, shop: Shop) -> Body:
    """Build the customer inside an order; counts and tags are no longer part of it."""
    return {
        "id": customer.id,
        "created_at": local(customer.created_at, shop.time_zone),
        "updated_at": local(customer.updated_at, shop.time_zone),
        "first_name": customer.first_name,
        "last_name": customer.last_name,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "email": customer.email,
        "phone": None,
        "currency": shop.currency,
        "tax_exemptions": [],
        "admin_graphql_api_id": customer.gid,
        "default_address": None,
    }
