"""The stamp card: every n-th order of a customer earns the better coupon, and the card follows their orders."""

import pytest

from tests.integration.coupon.shopify import Errand, NewErrand
from tests.integration.coupon.stage import Stage
from widgets.coupon import asking, widget
from widgets.coupon.groups import Group
from widgets.coupon.settings import CouponSettings
from widgets.coupon.stamps import Counted
from widgets.coupon.tables import coupon, coupon_customer
from widgets.fragment import fragment

ANNA, BERT = 7, 8
ORDINARY, BETTER = "10\xa0%", "20\xa0%"


@pytest.fixture
async def cards(stage: Stage) -> Stage:
    """The shop with a card of three stamps."""
    await stage.set(stamp_every=3)
    await stage.fill(20)
    return stage


async def values(stage: Stage, *order_ids: int) -> list[str | None]:
    return [(await stage.seen(order_id)).value_text for order_id in order_ids]


async def have(stage: Stage, order_id: int, customer_id: int = ANNA) -> tuple[int, int] | None:
    found = (await stage.seen(order_id, customer_id=customer_id)).stamps
    return None if found is None else (found.have, found.of)


async def buy(stage: Stage, *order_ids: int, customer_id: int | None = ANNA) -> None:
    """One order after the other."""
    for order_id in order_ids:
        stage.pass_time(hours=1)
        await stage.order(order_id, customer_id=customer_id)


async def test_until_shopify_has_counted_the_coupon_is_pending_and_says_no_value(cards: Stage) -> None:
    await buy(cards, 1)
    seen = await cards.seen(1, customer_id=ANNA)
    assert (seen.state, seen.value_text, seen.code, seen.stamps) == ("pending", None, None, None)
    assert [name for name, _ in await cards.tasks() if name == "coupon.customer"] == ["coupon.customer"]
    assert await cards.breaches() == []
    await cards.answer(ANNA, 1)
    seen = await cards.seen(1, customer_id=ANNA)
    assert (seen.state, seen.value_text) == ("ready", ORDINARY)
    assert await have(cards, 1) == (1, 3)
    assert await cards.breaches() == []


async def test_every_third_order_earns_the_better_coupon_instead_of_the_ordinary_one(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    await buy(cards, 2, 3, 4, 5, 6, 7)
    assert await values(cards, *range(1, 8)) == [
        ORDINARY,
        ORDINARY,
        BETTER,
        ORDINARY,
        ORDINARY,
        BETTER,
        ORDINARY,
    ]
    assert await have(cards, 7) == (1, 3)
    assert {campaign for (campaign,) in await cards.rows(coupon, "campaign")} == {"", "stamp"}
    assert await cards.breaches() == []


async def test_orders_from_before_our_first_contact_are_stamps(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 3)
    assert await values(cards, 1) == [BETTER]
    assert await have(cards, 1) == (3, 3)
    await buy(cards, 2)
    assert await have(cards, 1) == (1, 3)


async def test_what_shopify_counted_at_first_contact_never_changes(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    await cards.answer(ANNA, 3)
    await buy(cards, 2)
    assert await cards.rows(coupon_customer, "orders") == [(1,)]
    assert await values(cards, 2) == [ORDINARY]


async def test_an_order_that_reaches_us_late_is_not_counted_twice(cards: Stage) -> None:
    late = cards.arrival(2, customer_id=ANNA)
    await buy(cards, 1)
    await cards.answer(ANNA, 2)
    assert await have(cards, 1) == (2, 3)
    await cards.tell(late)
    assert await have(cards, 1) == (2, 3)
    await buy(cards, 3)
    assert await values(cards, 1, 2, 3) == [ORDINARY, ORDINARY, BETTER]


@pytest.mark.parametrize(
    "undone", [{"status": "refunded"}, {"subtotal": 0}], ids=["refunded", "nothing kept"]
)
async def test_an_undone_order_no_longer_counts_and_what_was_assigned_stays(
    cards: Stage, undone: dict[str, object]
) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    await buy(cards, 2, 3)
    better = await cards.code(3)
    cards.pass_time(hours=1)
    await cards.order(1, customer_id=ANNA, **undone)
    assert await have(cards, 3) == (2, 3)
    assert await cards.code(3) == better
    assert await values(cards, 3) == [BETTER]
    await buy(cards, 4)
    assert await values(cards, 4) == [BETTER]
    assert await cards.breaches() == []


async def test_orders_of_one_batch_follow_one_another(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    second, third = (cards.arrival(id, customer_id=ANNA) for id in (2, 3))
    await cards.tell(third, second)
    assert await values(cards, 2, 3) == [ORDINARY, BETTER]


async def test_coupons_that_wait_for_the_same_answer_are_decided_together(cards: Stage) -> None:
    for id in (1, 2, 3):
        await buy(cards, id)
    await buy(cards, 11, customer_id=BERT)
    await cards.answer(ANNA, 3)
    assert await values(cards, 1, 2, 3) == [ORDINARY, ORDINARY, BETTER]
    assert await cards.states([11]) == ["pending"]
    await cards.answer(BERT, 12)
    assert await values(cards, 11) == [BETTER]


async def test_what_can_bring_no_coupon_is_no_stamp(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    cards.pass_time(hours=1)
    await cards.order(2, customer_id=ANNA, source="pos")
    await cards.order(3, customer_id=ANNA, subtotal=0, lines=())
    await buy(cards, 4, 5)
    assert await values(cards, 4, 5) == [ORDINARY, BETTER]


async def test_an_order_without_a_customer_has_no_card_and_gets_the_ordinary_coupon_at_once(
    cards: Stage,
) -> None:
    await buy(cards, 1, customer_id=None)
    seen = await cards.seen(1)
    assert (seen.state, seen.value_text, seen.stamps) == ("ready", ORDINARY, None)
    assert await cards.rows(coupon_customer) == []


async def test_merged_customers_fill_one_card(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    await buy(cards, 2, customer_id=BERT)
    await cards.answer(BERT, 1)
    await cards.merge(BERT, ANNA)
    assert await have(cards, 1, BERT) == (2, 3)
    await buy(cards, 3)
    assert await values(cards, 3) == [BETTER]


async def test_who_was_merged_before_shopify_counted_is_counted_once(cards: Stage) -> None:
    await buy(cards, 1, customer_id=BERT)
    await cards.answer(BERT, 5)
    await cards.merge(BERT, ANNA)
    await buy(cards, 2)
    assert await have(cards, 2) is None, "who was kept was never counted"
    assert await cards.states([2]) == ["pending"]
    await cards.answer(ANNA, 6)
    assert await have(cards, 2) == (3, 3)
    await buy(cards, 3)
    assert await values(cards, 2, 3) == [BETTER, ORDINARY]


async def test_who_was_counted_is_counted_anew_with_somebody_who_never_was(cards: Stage) -> None:
    await cards.set(stamp_every=0)
    await buy(cards, 9, customer_id=BERT)
    await cards.set(stamp_every=3)
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    await cards.forget_tasks()
    await cards.merge(BERT, ANNA)
    assert [name for name, _ in await cards.tasks()] == ["coupon.customer"]
    assert await have(cards, 1) is None
    await cards.answer(ANNA, 5)
    assert await have(cards, 1) == (2, 3), "three orders from before, Bert's of ours, and Anna's"
    await buy(cards, 2, customer_id=BERT)
    assert await values(cards, 2) == [BETTER]
    assert await cards.breaches() == []


async def test_what_shopify_said_before_a_merge_is_not_taken_for_what_it_says_after(cards: Stage) -> None:
    await buy(cards, 1)
    before = asking.Answer(Counted(1, cards.now), of=Group(ANNA, frozenset({ANNA})))
    await cards.merge(BERT, ANNA)
    await cards.forget_tasks()
    (key,) = [id for (id,) in await cards.rows(coupon_customer, "id")]
    await cards.db.write(lambda conn: asking.decide(conn, cards.shop.id, key, before, cards.now))
    assert await cards.states([1]) == ["pending"]
    assert await cards.tasks() == [("coupon.customer", str(key))]
    await cards.answer(ANNA, 6)
    assert await values(cards, 1) == [BETTER]


async def test_a_merge_of_people_whom_no_campaign_asked_about_asks_nothing(cards: Stage) -> None:
    await cards.forget_tasks()
    await cards.merge(BERT, ANNA)
    assert await cards.tasks() == []
    assert await cards.rows(coupon_customer) == []


async def test_a_coupon_moved_to_another_customer_waits_for_the_answer_about_them(cards: Stage) -> None:
    await buy(cards, 1)
    cards.pass_time(hours=1)
    await cards.order(1, customer_id=BERT)
    await cards.answer(ANNA, 5)
    assert await cards.states([1]) == ["pending"]
    assert await have(cards, 1, ANNA) == (2, 3)
    await cards.answer(BERT, 3)
    assert await values(cards, 1) == [BETTER]


async def test_an_open_coupon_follows_its_orders_facts(cards: Stage) -> None:
    await buy(cards, 1)
    cards.pass_time(hours=1)
    await cards.order(1, customer_id=ANNA, status="voided")
    assert await cards.states([1]) == ["void"]
    await cards.answer(ANNA, 1)
    assert await cards.states([1]) == ["void"]
    assert await cards.breaches() == []
    cards.pass_time(hours=1)
    await cards.order(1, customer_id=ANNA)
    assert await values(cards, 1) == [ORDINARY]
    assert await cards.breaches() == []


async def test_what_was_on_offer_when_the_order_came_decides_later(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.set(stamp_every=0, value=50)
    await cards.answer(ANNA, 3)
    assert await values(cards, 1) == [BETTER]
    await cards.set(enabled=False)
    await buy(cards, 2)
    assert await cards.states([2]) == ["none"]


async def test_any_arrival_of_the_same_facts_gives_the_same_coupons_and_card(cards: Stage) -> None:
    """Answers and orders in several orders; the n-th is told last, since its place is judged when it comes."""
    for number, early in enumerate([(0, 1), (1, 0)]):
        base, customer = 100 * (number + 1), 50 + number
        cards.pass_time(hours=1)
        told = [cards.arrival(base + place, customer_id=customer) for place in range(3)]
        for place in early:
            await cards.tell(told[place], told[place])
        await cards.answer(customer, 2)
        await cards.tell(told[2], told[0])
        assert await values(cards, base, base + 1, base + 2) == [ORDINARY, ORDINARY, BETTER]
        assert await have(cards, base, customer) == (3, 3)


@pytest.mark.parametrize(
    ("locale", "tone", "label", "text"),
    [
        ("de", "sie", "1 von 3 Stempeln", "Noch 2 Bestellungen, dann gibt es 20\xa0% auf die nächste."),
        ("de", "du", "1 von 3 Stempeln", "Noch 2 Bestellungen, dann gibt es 20\xa0% auf die nächste."),
        ("en", "sie", "1 of 3 stamps", "2 more orders, and the coupon is for 20%."),
    ],
)
async def test_the_card_is_told_in_words(cards: Stage, locale: str, tone: str, label: str, text: str) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    found = (await cards.seen(1, locale, tone=tone, customer_id=ANNA)).stamps
    assert found is not None
    assert (found.label, found.text) == (label, text)


async def test_the_card_is_its_own_customers_alone(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    assert (await cards.seen(1)).stamps is None
    beside = await cards.page_without_order(ANNA)
    assert beside is not None
    assert beside.code is not None
    assert (beside.state, beside.title) == ("ready", "Ihr Code wartet.")
    assert beside.stamps is not None
    assert await cards.page_without_order(BERT) is None
    assert await cards.page_without_order() is None
    await cards.order(9, codes=(beside.code,))
    alone = await cards.page_without_order(ANNA)
    assert alone is not None
    assert (alone.state, alone.title, alone.text) == ("none", "Ihre Stempelkarte", "1 von 3 Stempeln")
    assert alone.stamps == beside.stamps
    await cards.set(stamp_every=0)
    assert await cards.page_without_order(ANNA) is None


async def test_the_row_of_stamps_says_in_words_what_it_shows(cards: Stage) -> None:
    await buy(cards, 1)
    await cards.answer(ANNA, 1)
    ctx, seen = await cards.page(1, "en", None, "sie", ANNA)
    html = fragment(widget, ctx, seen)
    assert 'role="img" aria-label="1 of 3 stamps"' in html
    assert html.count("<i") - html.count('<i class="on">') == 2
    assert "2 more orders, and the coupon is for 20%." in html
    await cards.set(stamp_every=30)
    ctx, seen = await cards.page(1, "en", None, "sie", ANNA)
    html = fragment(widget, ctx, seen)
    assert 'role="img"' not in html
    assert "1 of 30 stamps" in html


async def test_a_fixed_amount_on_a_full_card_says_so(cards: Stage) -> None:
    await cards.set(stamp_kind="amount", stamp_value=1500, stamp_minimum=6000)
    await cards.fill(2)
    await buy(cards, 1)
    await cards.answer(ANNA, 2)
    stamps = (await cards.seen(1, customer_id=ANNA)).stamps
    assert stamps is not None
    assert stamps.text == "Noch 1 Bestellung, dann gibt es 15\xa0€ auf die nächste."
    await buy(cards, 2)
    seen = await cards.seen(2, customer_id=ANNA)
    assert seen.value_text == "15\xa0€"
    assert seen.note is not None
    assert "ab 60\xa0€" in seen.note
    assert seen.stamps is not None
    assert (seen.stamps.have, seen.stamps.text) == (
        3,
        "Diese Karte ist voll; die nächste Bestellung beginnt eine neue.",
    )


async def test_shopify_is_asked_once_and_its_answer_decides(new_errand: NewErrand) -> None:
    errand = await new_errand(CouponSettings(stamp_every=2))
    await errand.work()
    buyer = errand.sim.customer("anna@example.com", shop=errand.handle)
    for _ in range(2):
        errand.sim.place_order(["20.00"], shop=errand.handle, customer=buyer)
    await errand.stage.order(1, customer_id=buyer.id)
    assert await errand.stage.states([1]) == ["pending"]
    await errand.work()
    assert errand.failures == []
    assert (await errand.stage.seen(1)).value_text == BETTER
    errand.stage.pass_time(hours=1)
    await errand.stage.order(2, customer_id=buyer.id)
    await errand.work()
    assert errand.calls("CustomerFacts") == 1
    assert (await errand.stage.seen(2)).value_text == ORDINARY


async def test_somebody_whom_shopify_does_not_know_has_no_earlier_orders(new_errand: NewErrand) -> None:
    errand = await new_errand(CouponSettings(stamp_every=2))
    await errand.stage.order(1, customer_id=404)
    await errand.work()
    assert (await errand.stage.seen(1)).value_text == ORDINARY


@pytest.mark.parametrize("told_first", [True, False])
async def test_a_question_about_somebody_who_was_merged_goes_to_the_one_who_was_kept(
    new_errand: NewErrand, told_first: bool
) -> None:
    errand = await new_errand(CouponSettings(first_order_only=True))
    await errand.work()
    sim, stage, shop = errand.sim, errand.stage, errand.handle
    anna, bert = (sim.customer(f"{name}@example.com", shop=shop) for name in ("anna", "bert"))
    for _ in range(2):
        sim.place_order(["20.00"], shop=shop, customer=anna)
    if told_first:
        await stage.order(1, customer_id=bert.id)
    sim.merge_customers(anna, bert, shop=shop)
    await stage.merge(bert.id, anna.id)
    if not told_first:
        await stage.order(1, customer_id=bert.id)
    await errand.work()
    await errand.work()
    assert errand.failures == []
    assert await stage.rows(coupon, "refusal", "doubt") == [("first", None)]
    assert errand.calls("CustomerFacts") == 1


async def test_while_shopify_is_away_only_who_depends_on_it_waits(new_errand: NewErrand) -> None:
    errand: Errand = await new_errand(CouponSettings(stamp_every=2))
    await errand.work()
    errand.sim.switch(errand.handle, api="down")
    await errand.stage.order(1, customer_id=ANNA)
    await errand.stage.order(2)
    assert await errand.work() == 0
    assert await errand.stage.states([1, 2]) == ["pending", "ready"]
    errand.sim.switch(errand.handle, api="ok")
    await errand.hurry()
    await errand.work()
    assert await errand.stage.states([1, 2]) == ["ready", "ready"]
    assert await errand.stage.breaches() == []
