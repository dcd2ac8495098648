"""Documents and scopes are judged by Shopify's own schemas, and a machine without them is told what to run."""

from pathlib import Path

import pytest
from graphql import parse, validate

from sandbox.schema import SchemaMissing, schema_folder
from tests.schemas import admin_schema, partner_schema, required_scopes


@pytest.mark.parametrize("version", ["2026-07", "2026-10"])
def test_a_document_is_judged_by_the_whole_admin_api(version: str) -> None:
    schema = admin_schema(version)
    assert validate(schema, parse("{ shop { name myshopifyDomain plan { partnerDevelopment } } }")) == []
    [error] = validate(schema, parse("{ shop { nickname } }"))
    assert "nickname" in error.message


def test_the_partner_api_is_there_too() -> None:
    assert partner_schema("2026-07").query_type is not None


def test_the_same_schema_is_built_once() -> None:
    assert admin_schema("2026-10") is admin_schema("2026-10")


def test_scopes_are_known_by_type_and_by_field() -> None:
    scopes = required_scopes("2026-10")
    assert "read_orders" in scopes["Order"]
    assert scopes["Mutation.discountCodeBasicCreate"] == {"write_discounts"}
    assert "QueryRoot.shop" not in scopes


def test_schemas_that_were_never_fetched_are_named_with_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DANKBAR_SCHEMAS", str(tmp_path))
    assert schema_folder() == tmp_path
    with pytest.raises(SchemaMissing, match="make schemas"):
        admin_schema.__wrapped__("2026-10")
