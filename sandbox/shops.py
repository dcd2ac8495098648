"""Webhook bodies about a shop and the app's place in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sandbox.bodies import COUNTRIES
from sandbox.ids import local, utc
from sandbox.money import Body
from sandbox.state import Shop, State


def shop_body(shop: Shop, now: datetime) -> Body:
    """Build the body of shop/update and app/uninstalled."""
    form = "{{amount_with_comma_separator}} " + shop.currency
    return {
        "id": shop.id,
        "name": shop.name,
        "email": shop.email,
        "domain": shop.domain,
        "province": shop.province,
        "country": shop.country,
        "address1": "Marktplatz 1",
        "zip": "80331",
        "city": "Musterstadt",
        "source": None,
        "phone": None,
        "latitude": None,
        "longitude": None,
        "primary_locale": "de",
        "address2": None,
        "created_at": local(shop.created_at, shop.time_zone),
        "updated_at": local(now, shop.time_zone),
        "country_code": shop.country,
        "country_name": COUNTRIES.get(shop.country, shop.country),
        "currency": shop.currency,
        "customer_email": shop.email,
        "timezone": f"({now.strftime('%z')}) {shop.time_zone}",
        "iana_timezone": shop.time_zone,
        "shop_owner": "Erika Muster",
        "money_format": form,
        "money_with_currency_format": form,
        "weight_unit": "kg",
        "province_code": shop.province,
        "taxes_included": shop.taxes_included,
        "auto_configure_tax_inclusivity": None,
        "tax_shipping": shop.tax_shipping,
        "county_taxes": True,
        "plan_display_name": "Development" if shop.development else "Basic",
        "plan_name": "partner_test" if shop.development else "basic",
        "has_discounts": bool(shop.discounts),
        "has_gift_cards": any(product.gift_card for product in shop.products.values()),
        "myshopify_domain": shop.domain,
        "google_apps_domain": None,
        "google_apps_login_enabled": None,
        "money_in_emails_format": form,
        "money_with_currency_in_emails_format": form,
        "eligible_for_payments": True,
        "requires_extra_payments_agreement": False,
        "password_enabled": False,
        "has_storefront": True,
        "finances": True,
        "primary_location_id": 655_441_491,
        "checkout_api_supported": True,
        "multi_location_enabled": True,
        "setup_required": False,
        "pre_launch_enabled": False,
        "enabled_presentment_currencies": [shop.currency],
        "marketing_sms_consent_enabled_at_checkout": False,
        "transactional_sms_disabled": False,
    }


def scopes_body(shop: Shop, previous: Sequence[str], state: State) -> Body:
    """Build the body of app/scopes_update."""
    return {
        "id": state.app_id,
        "shop_id": shop.gid,
        "previous": list(previous),
        "current": list(shop.scopes),
        "updated_at": utc(state.now()),
    }
