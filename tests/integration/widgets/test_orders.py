"""Who is told what of an order: the law of semantics 23 and 24, asked over HTTP."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection

import widgets
from plugin.core import accounts, privacy, tombstones
from plugin.core.orders import Arrival, Refund
from plugin.pseudonyms import Pseudonyms
from plugin.shops import record_uninstall
from tests.integration.widgets.stage import CHECKOUT, CUSTOMER, ORDER, Stage, facts, install
from widgets.waits import PER_ADDRESS

PRIVATE = {"available", "pending", "debt", "lifetime", "rewards", "entries", "action_token"}


def shown_private(loyalty: dict[str, Any]) -> set[str]:
    return {name for name in PRIVATE if loyalty.get(name) not in (None, [], ())}


async def test_the_checkout_token_shows_the_order_and_no_balance(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    answer = await stage.order(checkout_token=CHECKOUT, surface="thank_you", locale="de")
    assert answer.status_code == 200
    body = answer.json()
    assert body["order"] == {"id": str(ORDER), "state": "known"}
    assert body["widgets"]["loyalty"]["order"]["earned"] == 49
    assert shown_private(body["widgets"]["loyalty"]) == set()


async def test_a_foreign_customer_with_the_checkout_token_sees_the_order_and_no_balance(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    answer = await stage.order(customer=CUSTOMER + 1, checkout_token=CHECKOUT)
    assert answer.status_code == 200
    assert shown_private(answer.json()["widgets"]["loyalty"]) == set()


@pytest.mark.parametrize(
    ("tone", "words"), [("sie", "Um Ihre Punkte zu sehen"), ("du", "Um deine Punkte zu sehen")]
)
async def test_a_guest_is_told_how_to_get_at_the_points_and_the_signed_in_are_not(
    stage: Stage, tone: str, words: str
) -> None:
    await stage.change("shop", tone=tone)
    await stage.tell(facts(stage.now))
    guest = (await stage.order(checkout_token=CHECKOUT, locale="de")).json()["widgets"]["loyalty"]
    assert guest["guest_text"].startswith(words)
    assert guest["account_url"] == f"https://{stage.shop.host}/account"
    assert guest["account_text"] == "Anmelden"
    mine = (await stage.order(customer=CUSTOMER, locale="de")).json()["widgets"]["loyalty"]
    assert (mine["guest_text"], mine["account_url"]) == (None, None)


async def test_where_there_are_no_points_nobody_is_sent_anywhere(stage: Stage) -> None:
    await stage.tell(facts(stage.now, cancelled_at=stage.now))
    guest = (await stage.order(checkout_token=CHECKOUT)).json()["widgets"]["loyalty"]
    assert (guest["order"]["earned"], guest["guest_text"]) == (0, None)


async def test_the_orders_own_customer_sees_the_balance_too(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    answer = await stage.order(customer=CUSTOMER)
    assert answer.json()["widgets"]["loyalty"]["pending"] == 49


async def test_a_customer_merged_into_the_orders_own_is_the_same_person(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    await stage.db.write(lambda conn: accounts.merge(conn, stage.shop.id, CUSTOMER, CUSTOMER + 5))
    answer = await stage.order(customer=CUSTOMER + 5)
    assert answer.json()["widgets"]["loyalty"]["pending"] == 49
    assert (await stage.order(customer=CUSTOMER + 6)).status_code == 404


@pytest.mark.parametrize("token", ["", "d" * 32, "ö" * 16, CHECKOUT[:-1]])
async def test_a_known_order_is_hidden_at_once_from_a_wrong_proof(stage: Stage, token: str) -> None:
    await stage.tell(facts(stage.now))
    assert (await stage.order(checkout_token=token)).status_code == 404
    assert (await stage.order(customer=CUSTOMER + 1, checkout_token=token)).status_code == 404


async def test_an_empty_token_never_fits_an_order_without_one(stage: Stage) -> None:
    await stage.tell(facts(stage.now, customer_id=None), token=None)
    assert (await stage.order(checkout_token="")).status_code == 404
    assert (await stage.order(checkout_token="x")).status_code == 404
    assert (await stage.order(customer=CUSTOMER)).status_code == 404


@pytest.mark.parametrize("id", ["0", "-1", "9223372036854775808", "1e3", "07", "abc", "%C2%B2"])
async def test_what_is_no_order_id_is_not_found(stage: Stage, id: str) -> None:
    assert (await stage.order(order=id, checkout_token=CHECKOUT)).status_code == 404


async def test_another_shops_order_is_awaited_not_shown(stage: Stage) -> None:
    other = await stage.db.write(lambda conn: install(conn, "other", stage.display.keyring, stage.now))
    await stage.tell(facts(stage.now), shop=other)
    answer = await stage.order(customer=CUSTOMER, checkout_token=CHECKOUT)
    assert answer.status_code == 202
    assert answer.json() == {"order": {"id": str(ORDER), "state": "awaited"}, "widgets": {}}


async def test_without_any_proof_nobody_waits(stage: Stage) -> None:
    assert (await stage.order()).status_code == 404
    assert (await stage.order(checkout_token="")).status_code == 404


async def test_an_order_that_comes_meanwhile_is_answered(stage: Stage) -> None:
    stage.display.waits.longest = 60
    waiting = asyncio.create_task(stage.order(checkout_token=CHECKOUT))
    await stage.until_waiting(1)
    await stage.tell(facts(stage.now))
    answer = await waiting
    assert answer.status_code == 200
    assert answer.json()["order"]["state"] == "known"


async def test_an_order_that_comes_meanwhile_is_still_hidden_from_a_wrong_proof(stage: Stage) -> None:
    stage.display.waits.longest = 60
    waiting = asyncio.create_task(stage.order(checkout_token="wrong"))
    await stage.until_waiting(1)
    await stage.tell(facts(stage.now))
    assert (await waiting).status_code == 404


async def test_no_address_waits_more_often_than_it_may(stage: Stage) -> None:
    waiting = [
        asyncio.create_task(stage.order(order=ORDER + n, checkout_token=CHECKOUT)) for n in range(PER_ADDRESS)
    ]
    await stage.until_waiting(PER_ADDRESS)
    refused = await stage.order(order=ORDER + 99, checkout_token=CHECKOUT)
    assert refused.status_code == 202
    assert refused.headers["retry-after"]
    assert not any(one.done() for one in waiting)
    answers = await asyncio.gather(*waiting)
    assert {one.status_code for one in answers} == {202}
    assert not stage.display.waits._shops


async def test_a_refund_that_comes_before_its_order_shows_nothing_yet(stage: Stage) -> None:
    early = Arrival(stage.shop.id, ORDER, refunds=(Refund(9, stage.now, ()),))
    pseudonyms = Pseudonyms(stage.display.keyring, [stage.shop])
    await stage.db.write(lambda conn: widgets.apply(conn, [early], stage.now, pseudonyms))
    assert (await stage.order(checkout_token=CHECKOUT)).status_code == 202


async def test_an_erased_order_is_gone_at_once_and_nobody_waits_for_it(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    pseudonyms = Pseudonyms(stage.display.keyring, [stage.shop])

    def erase(conn: Connection) -> None:
        person = privacy.find(conn, stage.shop.id, CUSTOMER)
        tombstones.bury(conn, stage.shop.id, tombstones.Kind.ORDER, person.orders.values(), pseudonyms)
        privacy.seal(conn, person.orders)

    await stage.db.write(erase)
    assert (await stage.order(customer=CUSTOMER, checkout_token=CHECKOUT)).status_code == 404
    assert (await stage.order(order=ORDER + 1, checkout_token=CHECKOUT)).status_code == 202


async def test_an_unknown_page_is_refused(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    assert (await stage.order(checkout_token=CHECKOUT, surface="cart")).status_code == 422


async def test_the_orders_own_language_serves_where_the_page_names_none(stage: Stage) -> None:
    await stage.tell(facts(stage.now, locale="de-AT"))
    german = (await stage.order(checkout_token=CHECKOUT)).json()["widgets"]["loyalty"]["text"]
    english = (await stage.order(checkout_token=CHECKOUT, locale="fr")).json()["widgets"]["loyalty"]["text"]
    assert german != english
    assert "49 points" in english


async def test_the_account_needs_a_signed_in_customer(stage: Stage) -> None:
    await stage.tell(facts(stage.now))
    assert (await stage.account(None)).status_code == 401
    assert (await stage.account(CUSTOMER)).json()["widgets"]["loyalty"]["pending"] == 49


async def test_a_shop_without_the_app_is_not_found(stage: Stage) -> None:
    headers = stage.bearer(CUSTOMER, shop="stranger")
    assert (await stage.client.get("/ext/account", headers=headers)).status_code == 404
    await stage.db.write(lambda conn: record_uninstall(conn, stage.shop.id, stage.now, stage.now))
    assert (await stage.account(CUSTOMER)).status_code == 404


async def test_extension_routes_refuse_the_storefronts_and_no_proof(stage: Stage) -> None:
    signed = stage.proxy_url("/loyalty").partition("?")[2]
    assert (await stage.client.get(f"/ext/account?{signed}")).status_code == 401
    assert (await stage.client.get(f"/ext/orders/{ORDER}?checkout_token={CHECKOUT}")).status_code == 401
    assert (await stage.client.get("/proxy/widgets/loyalty", headers=stage.bearer(1))).status_code == 401
