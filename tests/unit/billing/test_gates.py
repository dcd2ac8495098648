"""When something waits: never within the plan, never within thirty days, and never because a month has just begun."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

import widgets
from plugin.billing import standing
from plugin.billing.gates import GRACE, Over, Step, judge, larger, over
from plugin.billing.novelty import NEW, news
from plugin.billing.plans import FREE, PLANS
from plugin.billing.subscriptions import State, Subscription
from plugin.setting_kinds import extra_of, shape
from plugin.setting_models import Item, Section
from widgets.coupon import seasons
from widgets.coupon.settings import CouponSettings
from widgets.loyalty.campaigns import Campaign
from widgets.loyalty.catalogue import Reward
from widgets.loyalty.settings import LoyaltySettings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLIER = NOW - timedelta(days=10)
counts = st.integers(0, 2_000)
moments = st.none() | st.integers(0, 100).map(lambda days: NOW - timedelta(days=days))


def test_what_is_too_much_is_remembered_until_a_whole_month_stays_within() -> None:
    known = Over(EARLIER, 250)
    assert over(None, 250, (0, 250), NOW) is None
    assert over(None, 250, (0, 251), NOW) == Over(NOW, 250)
    assert over(known, 250, (0, 251), NOW) == known
    assert over(known, 250, (400, 3), NOW) == known, "a new month ends nothing by itself"
    assert over(None, 250, (400, 3), NOW) is None, "a month that is over begins nothing"
    assert over(known, 250, (250, 3), NOW) is None
    assert over(known, None, (400, 400), NOW) is None


def test_a_larger_plan_gives_fresh_room_and_to_and_fro_does_not() -> None:
    small = over(Over(EARLIER, 250), 1_000, (1_201, 1_201), NOW)
    assert small == Over(NOW, 1_000)
    assert over(Over(EARLIER, 250), 1_000, (1_201, 300), NOW) is None
    later = NOW + timedelta(days=40)
    free = over(small, 250, (1_201, 1_201), later)
    assert free == small
    assert over(free, 1_000, (1_201, 1_201), later) == small


def test_the_count_that_decided_is_the_one_that_is_told() -> None:
    this, before = judge(250, (100, 300), NOW, NOW), judge(250, (300, 100), EARLIER, NOW)
    assert (this.orders, this.before) == (300, False)
    assert (before.orders, before.before) == (300, True)


@given(counts, counts, moments, st.sampled_from([plan.orders for plan in PLANS]))
def test_nothing_waits_within_the_plan_or_the_grace(
    before: int, this: int, known: datetime | None, limit: int | None
) -> None:
    since = over(Over(known, limit or 0) if known else None, limit, (before, this), NOW)
    found = judge(limit, (before, this), since.since if since else None, NOW)
    if limit is None or max(before, this) <= limit:
        assert found.step is Step.WITHIN
    if found.waits:
        assert since is not None
        assert NOW - since.since >= GRACE
        assert max(before, this) > (limit or 0)
    assert (found.step is Step.WITHIN) == (found.until is None)


def test_the_larger_plan_is_one_that_covers_what_was_kept() -> None:
    assert [larger(FREE, orders) for orders in (300, 1_001, 10**9)] == list(PLANS[1:])
    assert larger(PLANS[-1], 10**9) is None


def subscription(state: State, **changes: object) -> Subscription:
    values: dict[str, object] = {"plan": "small"} | changes
    return Subscription(
        kind="stripe",
        state=state,
        checked_at=NOW,
        shop_id=1,
        past_due_since=None,
        over_since=None,
        **values,  # type: ignore[arg-type]
    )


def handle(row: Subscription | None, *, needed: bool = True, development: bool = False) -> str | None:
    found = standing.held(row, NOW, needed=needed, development=development)
    return found.plan.handle if found.plan else found.handle or None


def test_who_has_which_plan() -> None:
    later, earlier = NOW + timedelta(days=1), NOW - timedelta(days=1)
    assert handle(None) == "free"
    for state in (State.ACTIVE, State.TRIALING, State.PAST_DUE, State.FROZEN):
        assert handle(subscription(state)) == "small", state
    for state in (State.NONE, State.DECLINED, State.CANCELLED):
        assert handle(subscription(state)) == "free", state
    assert handle(subscription(State.CANCELLED, cancel_at=later)) == "small"
    assert handle(subscription(State.CANCELLED, cancel_at=earlier, period_end=later)) == "free"
    assert handle(subscription(State.ACTIVE), development=True) is None
    assert handle(None, needed=False) is None


def test_a_plan_that_the_code_no_longer_knows_is_kept_without_a_limit() -> None:
    found = standing.held(subscription(State.ACTIVE, plan="gold-2025"), NOW, needed=True, development=False)
    assert (found.plan, found.handle, found.limit) == (None, "gold-2025", None)


GIFT = Reward(id="a", title="Five off", cost=100, kind="amount", value=500)
PLAIN = LoyaltySettings(rewards=(GIFT,))


def changed(before: Section, **changes: object) -> list[str]:
    return list(news(before, type(before).model_validate(before.model_dump() | changes)))


def test_what_is_new_is_named_by_its_place() -> None:
    other = Reward(id="b", title="Ten off", cost=200, kind="amount", value=1000)
    cheaper, dearer = (GIFT.model_copy(update={"cost": cost}) for cost in (90, 110))
    assert changed(PLAIN, rewards=(GIFT, other)) == ["rewards[1]"]
    assert changed(PLAIN, rewards=(cheaper,)) == ["rewards[0].cost"]
    assert changed(PLAIN, points_per_unit="1.5") == ["points_per_unit"]
    assert changed(CouponSettings(), value=11) == ["value"]
    assert changed(CouponSettings(), stamp_every=5) == ["stamp_every"]
    assert changed(CouponSettings(stamp_every=5), stamp_every=4) == ["stamp_every"]
    assert changed(CouponSettings(), kind="amount", value=500, minimum_subtotal=900)[0] == "kind"
    assert not changed(PLAIN, rewards=(dearer,))


def test_an_old_campaign_does_not_become_a_new_one_nor_a_gift_another() -> None:
    old = Campaign(id="x", title="Then", multiplier="3", starts_on="2023-12-01", ends_on="2023-12-24")
    before = LoyaltySettings(campaigns=(old,))
    again = {"title": "Now", "starts_on": date(2027, 11, 20), "ends_on": date(2027, 11, 30)}
    assert changed(before, campaigns=(old.model_copy(update=again),)) == ["campaigns[0].ends_on"]
    shorter = old.model_copy(update={"starts_on": date(2023, 12, 5), "ends_on": date(2023, 12, 20)})
    assert not changed(before, campaigns=(shorter,))
    season = seasons.Campaign(id="x", title="Then", ends_on=date(2023, 12, 24))
    endless = season.model_copy(update={"ends_on": None})
    assert changed(CouponSettings(campaigns=(season,)), campaigns=(endless,)) == ["campaigns[0].ends_on"]
    assert not changed(CouponSettings(campaigns=(endless,)), campaigns=(season,))
    variant = "gid://shopify/ProductVariant/"
    gift = Reward(id="a", title="A cup", cost=100, kind="free_product", value=f"{variant}1")
    given, other = LoyaltySettings(rewards=(gift,)), gift.model_copy(update={"value": f"{variant}9"})
    assert changed(given, rewards=(other,)) == ["rewards[0].value"]
    assert not changed(given, rewards=(gift.model_copy(update={"title": "One cup"}),))


def test_lowering_capping_and_switching_off_are_never_new() -> None:
    for less in ({"rewards": ()}, {"points_per_unit": "0.5"}, {"enabled": False}, {"pending_days": 30}):
        assert not changed(PLAIN, **less)
    for less in ({"value": 5}, {"enabled": False}, {"monthly_cap": 5_000}, {"minimum_subtotal": 4_000}):
        assert not changed(CouponSettings(stamp_every=5), **less)
    assert not changed(CouponSettings(stamp_every=5), stamp_every=0)
    assert not changed(CouponSettings(stamp_every=5), stamp_every=6)


def rules(model: type[Section | Item]) -> list[object]:
    found: list[object] = []
    for info in model.model_fields.values():
        found.append(extra_of(info).get(NEW))
        item = shape(info).item
        found += rules(item) if item else []
    return found


def test_every_rule_is_one_that_is_understood_and_honesty_never_waits() -> None:
    for section in widgets.SECTIONS.values():
        assert set(rules(section)) <= {None, "entry", "more", "less", "other"}
    for name in ("delivery", "trust", "shop"):
        assert set(rules(widgets.SECTIONS[name])) == {None}
    assert {"entry", "more"} <= set(rules(widgets.SECTIONS["loyalty"]))
