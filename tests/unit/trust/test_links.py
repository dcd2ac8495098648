"""Which links are taken for an issuer's page, and that every trick is refused with its field named."""

import re
from datetime import date
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from plugin.errors import Invalid
from plugin.settings import validated
from widgets.trust.claims import needs_proof
from widgets.trust.issuers import ISSUERS, by_name, imitated
from widgets.trust.links import host_of, link
from widgets.trust.settings import TrustSettings

GOOD = {
    "issuer": "Trusted Shops",
    "seal_id": "X6A4AACCD2C75E430381B2E1C4CLASSIC",
    "verify_url": "https://www.trustedshops.de/bewertung/info_X6A4.html",
    "valid_until": "2027-05-31",
}
CYRILLIC = "https://www.trustedsh\u043eps.de/x"


def taken(**changes: object) -> TrustSettings:
    return validated(TrustSettings, TrustSettings(), {"seals": [{**GOOD, **changes}]})


def refusal(**changes: object) -> dict[str, str]:
    with pytest.raises(Invalid) as refused:
        taken(**changes)
    return refused.value.fields


def test_a_seal_needs_no_more_than_issuer_number_link_and_last_day() -> None:
    (seal,) = taken().seals
    assert (seal.issuer, seal.valid_until, seal.says, seal.image) == (
        "Trusted Shops",
        date(2027, 5, 31),
        "",
        "",
    )
    for name in GOOD:
        bare = {key: value for key, value in GOOD.items() if key != name}
        with pytest.raises(Invalid) as refused:
            validated(TrustSettings, TrustSettings(), {"seals": [bare]})
        assert list(refused.value.fields) == [f"seals[0].{name}"]


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("Trusted Shops", "https://www.trustedshops.de/shop/certificate.php?shop_id=X6A4"),
        ("trusted_shops", "https://trustedshops.com/x"),
        ("TrustedShops GmbH", "HTTPS://WWW.TrustedShops.EU/x"),
        ("EHI", "https://ehi-siegel.de/shops/muster"),
        ("ehi", "https://www.ehi-siegel.de"),
        ("EHI Geprüfter Online-Shop", "https://zertifikat.ehi-siegel.de/1?x=1#y"),
        ("TÜV SÜD", "https://www.safer-shopping.de/shops/1"),
        ("tuev_sued", "https://www.tuvsud.com/de/1"),
        ("s@fer-shopping", "https://safer-shopping.de/1"),
        ("Händlerbund", "https://www.haendlerbund.de/mitglied/1"),
        ("Käufersiegel", "https://logo.haendlerbund.de/show.php?uuid=1;a=(b)!*,'c'"),
    ],
)
def test_a_page_of_the_issuer_is_taken(issuer: str, url: str) -> None:
    (seal,) = taken(issuer=issuer, verify_url=url).seals
    assert seal.verify_url.startswith("https://")
    assert host_of(seal.verify_url) == urlsplit(url).hostname


@pytest.mark.parametrize(
    "url",
    [
        "https://trustedshops.de.evil.example/x",
        "https://www.trustedshops.de-check.example/x",
        "https://trusted-shops.example/x",
        "https://trustedsh0ps.de/x",
        "https://trustedshops.de@evil.example/x",
        "https://trustedshops.de:443/x",
        "https://trustedshops.de:8443/x",
        "https://user:pass@www.trustedshops.de/x",
        "https://evil.example/https://www.trustedshops.de/x",
        "https://evil.example?www.trustedshops.de",
        "https://evil.example#@www.trustedshops.de/",
        "https://evil.example\\@www.trustedshops.de/",
        "https://www.trustedshops.de\\.evil.example/",
        "https://www.trustedshops.de%2eevil.example/",
        "https://xn--trustedshps-3nh.de/x",
        "https://www.xn--trustedshps-3nh.de/x",
        CYRILLIC,
        "https://www.trustedshops\u3002de/x",
        "https://www\uff0etrustedshops.de/x",
        "http://www.trustedshops.de/x",
        "//www.trustedshops.de/x",
        "www.trustedshops.de/x",
        "javascript:alert('https://www.trustedshops.de/')",
        "data:text/html,https://www.trustedshops.de/",
        "ftp://www.trustedshops.de/x",
        "https:www.trustedshops.de/x",
        "https:///www.trustedshops.de/x",
        "https://",
        "",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://[::1]:8443/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://localhost/x",
        "https://printer.local/x",
        "https://metadata.google.internal/x",
        "https://intranet/x",
        "https://trustedshops.de./x",
        "https://www.trustedshops.de/a b",
        "https://www.trustedshops.de/\n",
        "https://www.trustedshops.de/a\tb",
        'https://www.trustedshops.de/"onclick=',
        "https://www.trustedshops.de/<script>",
        "https://www.trustedshops.de/" + "x" * 500,
        "https://muster.myshopify.com/pages/trustedshops",
    ],
)
@pytest.mark.parametrize("issuer", ["Trusted Shops", "Käufersiegel"])
def test_what_is_not_the_issuers_is_refused_with_the_field_named(issuer: str, url: str) -> None:
    if url.endswith("/\n") or (issuer == "Käufersiegel" and re.match(r"https://evil\.example[/?#]", url)):
        return  # the end of a line is trimmed; an issuer that we do not know may have any page
    fields = refusal(issuer=issuer, verify_url=url)
    assert list(fields) == ["seals[0].verify_url"]


@given(
    st.text(alphabet="htps:/@\\.?#%&;=[]-_xn127trustedshops.deEVIL\t\n \u043e\uff0e\u3002", max_size=80).map(
        "https://".__add__
    )
)
@example("https://www.trustedshops.de\\@evil.example/")
@example("https://a.de?@trustedshops.de")
def test_whatever_is_taken_leads_where_every_reader_of_links_says_it_leads(text: str) -> None:
    try:
        url = link(text)
    except ValueError:
        return
    parts, read = urlsplit(url), httpx.URL(url)
    assert parts.scheme == read.scheme == "https"
    assert host_of(url) == parts.hostname == read.host
    assert parts.netloc == parts.hostname, "neither user nor port"
    assert url.isascii()
    assert not re.search(r"[\s\\\"<>^`{|}]", url)
    assert link(url) == url


@given(st.sampled_from(ISSUERS), st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True))
def test_only_a_dot_before_a_domain_makes_a_host_the_issuers(issuer: object, label: str) -> None:
    for known in ISSUERS:
        for domain in known.domains:
            assert known.owns(domain)
            assert known.owns(f"{label}.{domain}")
            assert not known.owns(f"{label}{domain}")
            assert not known.owns(f"{domain}.{label}.example")


def test_who_is_known_by_name_and_who_is_imitated() -> None:
    assert [found.name for text in ("TRUSTED SHOPS", "ehi", "Tüv-Süd") if (found := by_name(text))] == [
        "Trusted Shops",
        "EHI",
        "TÜV SÜD",
    ]
    assert by_name("Vehikel-Siegel") is None
    for text in (
        "Siegel des EHI",
        "Geprüft: EHI.",
        "T\u0170V S\u0170D",
        "\u0422rusted Shops",
        "Trusted Sh\u043eps",
    ):
        assert by_name(text) is not None, text
    assert by_name("TÜV Saarland") is None
    assert imitated("www.trustedshops.de") is None
    assert imitated("trustedshops.de.evil.example") is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"says": "Klimaneutraler Versand"},
        {"says": "We plant a tree for each order"},
        {"says": "1 € Spende je Bestellung"},
        {"says": "CO₂-frei"},
        {"issuer": "Grüner Handel e.V.", "verify_url": "https://handel.example/1"},
        {"says": "Nachhaltig verpackt", "proof_url": " "},
    ],
)
def test_words_about_the_environment_or_donations_need_a_proof(changes: dict[str, str]) -> None:
    assert list(refusal(**changes)) == ["seals[0].proof_url"]
    assert taken(**{**changes, "proof_url": "https://proof.example/report"}).seals
    assert list(refusal(**{**changes, "proof_url": "http://proof.example"})) == ["seals[0].proof_url"]


@pytest.mark.parametrize(
    "says", ["Trusted Shops", "Geprüft von Trusted Sh\u043eps", "Siegel des EHI", "TÜV SÜD geprüft"]
)
def test_what_a_seal_says_is_not_another_issuers_name(says: str) -> None:
    changes = {"issuer": "ACME Prüfstelle", "verify_url": "https://acme.example.org/x"}
    assert taken(**changes, says="Geprüfter Laden").seals
    assert list(refusal(**changes, says=says)) == ["seals[0].verify_url"]


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"people": [{"name": "Jonas", "about": "verschickt alles klimaneutral"}]}, "people[0].about"),
        ({"people": [{"name": "Klimaneutral GmbH"}]}, "people[0].name"),
        ({"hours": "Climate neutral since 2020"}, "hours"),
    ],
)
def test_no_other_text_claims_anything_about_the_environment(patch: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        validated(TrustSettings, TrustSettings(), patch)
    assert list(refused.value.fields) == [field]


@pytest.mark.parametrize(
    "claim",
    "Zero Waste|Erneuerbare Energie|100 % renewable energy|net zero|ecofriendly|EcoVadis Gold|Bio-Siegel|Ohne Plastik"
    "|CO 2-neutral|fossil free|Meeresschutz|Blauer Engel|1 € goes to WWF|Wir unterstützen UNICEF".split("|"),
)
def test_claims_are_known_in_many_words(claim: str) -> None:
    assert needs_proof(claim)


@pytest.mark.parametrize("text", ["Mo bis Fr, 9 bis 16 Uhr", "Lena packt seit 2019", "Spend less, save more"])
def test_plain_words_claim_nothing(text: str) -> None:
    assert not needs_proof(text)


@pytest.mark.parametrize(
    "title", ["Käuferschutz bis 20.000 €", "Geprüfter Online-Shop", "Spend 20 € safely", "Bio"]
)
def test_other_words_need_none(title: str) -> None:
    assert taken(says=title).seals[0].says == title


@pytest.mark.parametrize(
    "image",
    [
        "https://cdn.shopify.com/s/files/1/0533/2089/files/siegel.png?v=1700000000",
        "https://muster.example/cdn/shop/files/siegel.png?v=1700000000",
        "/cdn/shop/files/siegel.png?v=1700000000",
    ],
)
def test_a_picture_is_one_of_the_shops_own_files(image: str) -> None:
    assert taken(image=image).seals[0].image == "/cdn/shop/files/siegel.png?v=1700000000"


@pytest.mark.parametrize(
    "image",
    [
        "https://widgets.trustedshops.com/images/badge.svg",
        "//evil.example/cdn/shop/files/a.png",
        "https://cdn.shopify.com/s/files/../../x.png",
        "/cdn/shop/files/../../apps/dankbar/x.png",
        "/cdn/shop/files/a.html",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "/cdn/shop/files/a.png?v=1&x=//evil.example",
    ],
)
def test_any_other_picture_is_refused(image: str) -> None:
    assert list(refusal(image=image)) == ["seals[0].image"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("issuer", ""),
        ("issuer", "a\nb"),
        ("seal_id", ""),
        ("seal_id", "<b>"),
        ("seal_id", "x" * 81),
        ("valid_until", ""),
        ("valid_until", "soon"),
        ("title", "x" * 61),
        ("label", "x"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_field_named(field: str, value: str) -> None:
    assert list(refusal(**{field: value})) == [f"seals[0].{field}"]


def test_the_same_seal_twice_and_too_many_are_refused() -> None:
    for seals in ([GOOD, GOOD], [{**GOOD, "seal_id": f"X{n}"} for n in range(9)]):
        with pytest.raises(Invalid) as refused:
            validated(TrustSettings, TrustSettings(), {"seals": seals})
        assert list(refused.value.fields) == ["seals"]
