"""Before an order: the day for the chosen country, why it is that day, and an honest word where none can be named."""

from datetime import date, timedelta
from typing import Any

from tests.integration.delivery.test_reports import promised
from tests.integration.widgets.stage import Stage
from widgets.delivery.quote import MOST_PRODUCTS
from widgets.delivery.tables import KEPT, MISSED

DE = {"countries": ["DE"], "min": 1, "max": 2, "carrier": "DHL", "days": "mon-sat"}
AT = {"countries": ["AT"], "min": 2, "max": 4, "carrier": "Österreichische Post", "days": "mon-fri"}


async def asked(stage: Stage, **query: str) -> Any:
    answer = await stage.proxy("/delivery.json", None, locale="de", **query)
    assert answer.status_code == 200
    return answer.json()


async def test_each_country_has_its_own_days(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE, AT])
    german, austrian = await asked(stage, country="DE"), await asked(stage, country="at")
    assert (german["carrier"], austrian["carrier"]) == ("DHL", "Österreichische Post")
    assert german["latest"] < austrian["latest"]
    assert german["state"] == "promised"
    assert german["title"].startswith("Bei Ihnen: ")
    assert german["text"].startswith("Mit DHL, wenn Sie ")
    assert "unserer Zeit" not in german["text"]
    assert "unserer Zeit" in austrian["text"]
    assert german.get("note") is german.get("chance") is None, "nothing is learned yet"


async def test_the_shops_own_country_is_asked_for_where_no_other_is_named(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE, AT])
    assert (await asked(stage))["where"]["chosen"] == "DE"
    for country in ("", "Deutschland", "<b>"):
        assert (await asked(stage, country=country))["where"]["chosen"] == "DE"


async def test_a_country_without_a_lane_gets_an_honest_word_and_no_day(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE, AT])
    found = await asked(stage, country="JP")
    assert found["state"] == "unknown"
    assert found.get("latest") is None
    assert found["title"] == "Für dieses Land nennen wir noch keinen Tag."
    assert found["text"] == "Sie erfahren ihn von uns, sobald Ihr Paket unterwegs ist."
    offered = [one["name"] for one in found["where"]["countries"]]
    assert offered == ["Deutschland", "Japan", "Österreich"]


async def test_a_lane_to_every_other_country_offers_every_country(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE, {**AT, "countries": ["*"]}])
    found = await asked(stage, country="JP")
    assert found["carrier"] == "Österreichische Post"
    codes = [one["code"] for one in found["where"]["countries"]]
    assert len(codes) == len(set(codes)) > 200
    assert {"DE", "JP", "CH"} < set(codes)
    assert "*" not in codes


async def test_a_single_destination_is_no_choice(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE])
    assert (await asked(stage, country="DE")).get("where") is None
    assert "<form" not in (await stage.proxy("/delivery", country="DE")).text


async def test_without_any_lane_or_switched_off_nothing_is_said(stage: Stage) -> None:
    assert (await stage.proxy("/delivery", country="DE")).status_code == 204
    await stage.change("delivery", lanes=[DE], enabled=False)
    assert (await stage.proxy("/delivery", country="DE")).status_code == 204
    assert (await stage.proxy("", names="delivery", country="DE")).json() == {"delivery": None}


async def test_a_shop_that_never_sends_names_no_day(stage: Stage) -> None:
    await stage.change("delivery", lanes=[{**DE, "days": "sun"}], dispatch_days="sun")
    assert (await asked(stage, country="DE"))["state"] == "promised"
    today = stage.now.date()
    sundays = [today + timedelta(days=n) for n in range(500) if (today + timedelta(days=n)).weekday() == 6]
    closed = [day.isoformat() for day in sundays]
    await stage.change("delivery", closures=closed)
    assert (await asked(stage, country="DE"))["state"] == "unknown"


async def test_the_slowest_product_decides(stage: Stage) -> None:
    slow = {"product": 11, "handling_days": [5, 8]}
    later = {"product": 12, "available_on": (stage.now.date() + timedelta(days=60)).isoformat()}
    await stage.change("delivery", lanes=[DE], products=[slow, later])
    plain = date.fromisoformat((await asked(stage, country="DE", product="10"))["latest"])
    assert date.fromisoformat((await asked(stage, country="DE", product="10,11"))["latest"]) > plain
    found = await asked(stage, country="DE", product="11,12")
    assert date.fromisoformat(found["earliest"]) > stage.now.date() + timedelta(days=60)
    assert any(line.startswith("Der Artikel ist ab ") for line in found["why"])
    for nonsense in ("x", "-1", "9" * 40, ",,", ",".join(["1"] * (MOST_PRODUCTS + 1)), "١"):
        assert date.fromisoformat((await asked(stage, country="DE", product=nonsense))["latest"]) == plain


async def test_the_form_works_without_script_and_keeps_what_was_asked(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE, AT])
    html = (await stage.proxy("/delivery", country="AT", product="7", locale="en")).text
    assert '<form method="get" action="/apps/dankbar/widgets/delivery">' in html
    assert '<input type="hidden" name="locale" value="en">' in html
    assert '<input type="hidden" name="product" value="7">' in html
    assert '<option value="AT" selected>Austria</option>' in html
    assert '<noscript><button type="submit"' in html


async def test_markup_in_a_carriers_name_is_text(stage: Stage) -> None:
    await stage.change("delivery", lanes=[{**DE, "carrier": "<b>DHL</b>"}])
    html = (await stage.proxy("/delivery", country="DE")).text
    assert "<b>" not in html
    assert "&lt;b&gt;DHL" in html


async def test_how_often_days_were_kept_is_told_before_an_order_too_from_thirty_on(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE])
    await promised(stage, 29, outcome=KEPT)
    assert (await asked(stage, country="DE")).get("kept_rate") is None
    await promised(stage, 3, outcome=MISSED)
    found = await asked(stage, country="DE")
    assert found["kept_rate"] == {"percent": 90, "n": 32}
    assert found["why"][-1] == "Von unseren letzten 32 Zusagen haben wir 90\u00a0% gehalten."


async def test_a_postal_code_is_asked_for_where_it_says_which_holidays_count(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE, AT])
    taken, refused = [(await asked(stage, country="DE", zip=code))["postal"] for code in ("20095", "<b>")]
    assert taken == {"label": "PLZ", "value": "20095"}
    assert refused == {"label": "PLZ", "value": ""}
    assert (await asked(stage, country="AT", zip="20095")).get("postal") is None


async def test_a_shop_that_tells_shopify_of_no_parcel_is_not_said_to_keep_nothing(stage: Stage) -> None:
    await stage.change("delivery", lanes=[DE])
    await promised(stage, 40, outcome=MISSED)
    assert (await asked(stage, country="DE")).get("kept_rate") is None
    await promised(stage, 1, outcome=KEPT)
    assert (await asked(stage, country="DE"))["kept_rate"] == {"percent": 2, "n": 41}
