"""The schemas that tests validate documents and scopes against: the ones the pocket Shopify executes."""

from sandbox.schema import admin_schema, partner_schema, required_scopes

__all__ = ["admin_schema", "partner_schema", "required_scopes"]
