"""Each column of each table is said to be about a person or not, and what is has a declaration that shows it."""

import re
from collections.abc import Mapping

import pytest

import widgets
from plugin import schema

IMPERSONAL: Mapping[str, str] = {
    "access_log": "id shop_id",
    "account": "id shop_id root_id expires",
    "adjustment": "id shop_id account_id business_key",
    "bonus": "id shop_id account_id",
    "coupon": ("shop_id node_id campaign doubt refusal expires_on void waiting judged_at face month counted"),
    "coupon_budget": "shop_id month issued erased full_at mean_on mean_sum mean_count",
    "coupon_code": "id shop_id node_id gid state order_ref expires_on",
    "coupon_customer": "id shop_id",
    "coupon_node": (
        "id shop_id fingerprint kind value minimum currency prefix goods title gid first_code creation low_id "
        "created_at trouble trouble_at differs"
    ),
    "coupon_tags": "person_ref",
    "coupon_use": "code_id order_ref campaign currency",
    "data_request": "id shop_id",
    "delivery_change": "id shop_id order_ref",
    "delivery_estimate": "shop_id as_of data_until learned points fed_until corrections",
    "delivery_parcel": "id shop_id order_ref",
    "delivery_promise": "order_ref shop_id rule_version estimate_on level review_at",
    "earning": "order_ref shop_id account_id waits",
    "erasure": "id scope erased_at compacted_at",
    "expiry_notice": "shop_id lot days account_id",
    "inbox": "id source shop topic triggered_at received_at state attempts due_at handled_at reason",
    "job": "name due_at reached",
    "ledger_entry": "id shop_id account_id order_ref redemption_id business_key bonus_id",
    "ledger_lift": "shop_id",
    "order": "id shop_id fate sealed",
    "product_fact": "shop_id product_id day gone collections tags fetched_at",
    "reconciliation": "shop_id done_at fetched missed",
    "redemption": (
        "id shop_id account_id kind value minimum currency state ends_at absent_at closed_at removed_at"
    ),
    "redemption_return": "redemption_id lives_until",
    "redemption_use": "redemption_id order_ref",
    "refund": "shop_id order_ref",
    "removal": "shop_id ran_at kind number",
    "setting": "shop_id section version valid_from value",
    "shop": (
        "id handle installed_at uninstalled_at exchanged_at development country name gid primary_domain "
        "pseudonym_key access_token refresh_token access_expires refresh_expires scopes needs_reopen "
        "lease_owner lease_until"
    ),
    "orphan": "outside_id left_at",
    "pace": "name free_at",
    "subscription": (
        "shop_id kind state plan outside_id payer_id currency amount period_start period_end trial_end cancel_at "
        "pending_plan pending_at test past_due_since over_since over_limit checked_at asked_at"
    ),
    "task": (
        "id shop_id name state due_at created_at attempts tried generation ready lease_owner lease_until reason"
    ),
    "tier_tag": "account_id shop_id",
    "tombstone": "shop_id kind",
    "trust_check": "shop_id fingerprint result failures checked_at due_at",
    "verification": "shop_id checked_at accounts entries differences details liability",
}
"""Columns that say nothing of a shopper: our own keys, times of our own work, and what belongs to the shop. A key
leads to a person only through a column of theirs, and erasing empties that."""

TELLING = re.compile(r"(customer|email|phone|address|zip|token|hash|payload|body|locale|(^|_)ip)(_|$)")
"""Words in the name of a column that is about somebody, unless it is a shop's own."""


def columns() -> set[str]:
    """Every column there is, as table.column."""
    return {f"{table.name}.{column.name}" for table in schema.load().sorted_tables for column in table.c}


def impersonal() -> set[str]:
    return {f"{table}.{column}" for table, names in IMPERSONAL.items() for column in names.split()}


def declared() -> set[str]:
    return {column for processing in widgets.everything() for column in processing.columns}


def test_every_column_is_said_to_be_about_a_person_or_not() -> None:
    assert columns() - impersonal() - declared() == set()


def test_no_column_is_said_to_be_both_unless_a_widget_is_more_careful() -> None:
    keys = {column for column in impersonal() & declared() if not column.endswith("_ref")}
    assert keys == set()


def test_every_declared_column_exists() -> None:
    assert declared() - columns() == set()


def test_nothing_is_said_of_a_column_that_is_gone() -> None:
    tables = {table.name for table in schema.load().sorted_tables}
    known = {column for column in impersonal() if column.partition(".")[0] in tables}
    assert known - columns() == set()


@pytest.mark.parametrize("column", sorted(impersonal()))
def test_a_column_named_like_something_personal_is_a_shops_own(column: str) -> None:
    table, _, name = column.partition(".")
    assert table == "shop" or not TELLING.search(name)


def test_every_declaration_says_all_that_a_person_may_ask() -> None:
    for processing in widgets.everything():
        for text in (processing.what, processing.purpose, processing.basis, processing.retention):
            assert text.strip()
        assert processing.columns


def test_what_holds_an_id_can_be_erased() -> None:
    """Bodies and tasks are looked through by the erasure itself, and tombstones are what it leaves."""
    erased = {
        column
        for processing in widgets.everything()
        if processing.erase is not None
        for column in processing.columns
    }
    assert declared() - erased == {
        "inbox.body",
        "inbox.webhook_id",
        "task.key",
        "task.payload",
        "tombstone.hash",
    }
