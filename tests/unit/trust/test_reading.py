"""A check holds only where the issuer's page names the shop or its number, to people and not to itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.trust.reading import Names, controls, is_own, names

HOSTS = ("www.muster.example", "muster.myshopify.com")
ID = "X6A4AACCD2C75E43"


def said(html: str, seal_id: str = ID) -> Names:
    return names(html.encode(), HOSTS, seal_id)


@pytest.mark.parametrize(
    "html",
    [
        "<p>muster.example</p>",
        "<p>Shop: WWW.Muster.Example.</p>",
        "<p>https://muster.example/impressum</p>",
        "<p>service@muster.example</p>",
        '<a class="x" href="https://www.muster.example/">Zum Shop</a>',
        "<a href=//muster.example>Zum Shop</a>",
        "<p>muster.myshopify.com</p>",
        "<p>muster&#46;example</p>",
        "<!-- x --><p>a < b</p><p>muster.example</p>",
        "<script>a < b</script><p>muster.example",
        "<div hidden><div>a</div>b</div><p>muster.example</p>",
        "<input hidden><p>muster.example</p>",
        '<p data-hidden="1" class="hidden-xs">muster.example</p>',
    ],
)
def test_a_page_names_the_shop(html: str) -> None:
    assert said(html) is Names.SHOP


@pytest.mark.parametrize(
    "html", [f"<p>Zertifikat {ID}</p>", f"<td>{ID.lower()}</td>", f"<p>Nr.: {ID}, g\u00fcltig</p>"]
)
def test_a_page_names_the_number(html: str) -> None:
    assert said(html) is Names.ID


@pytest.mark.parametrize(
    "html",
    [
        "",
        "<p>Willkommen</p>",
        "<p>notmuster.example</p>",
        "<p>muster.example.org</p>",
        "<p>muster.examples</p>",
        "<p>my-muster.example</p>",
        "<p>shop.muster.example</p>",
        "<script>const shop = 'muster.example'</script>",
        "<SCRIPT>muster.example</SCRIPT >",
        "<script>muster.example",
        "<style>muster.example</style>",
        "<!-- muster.example -->",
        "<!-- muster.example",
        "<template>muster.example</template>",
        "<title>muster.example</title>",
        "<textarea>muster.example</textarea>",
        '<link rel="canonical" href="https://issuer.example/?shop=muster.example">',
        '<form action="https://muster.example"><input value="muster.example"></form>',
        '<div data-shop="muster.example"></div>',
        f'<a href="/en/certificate?id={ID}">English</a>',
        f"<p>{ID}B</p>",
        f"<p>A{ID}</p>",
        f"<script>{ID}</script>",
        f"<noscript>{ID}</noscript>",
        f"<p hidden>Nr. {ID}</p>",
        f'<div hidden=""><div>a</div>{ID}</div>',
        f'<p style="color: red; display: none">{ID}</p>',
        f"<p hidden>{ID}",
        '<a href="/en/check?shop=muster.example">English</a>',
        '<a href="https://issuer.example/muster.example">English</a>',
        '<a href="https://muster.example@issuer.example/">English</a>',
    ],
)
def test_a_page_that_people_do_not_read_it_on_names_neither(html: str) -> None:
    assert said(html) is Names.NEITHER


@pytest.mark.parametrize("seal_id", ["1", "X1", "123", "2024", "Zertifikat"])
def test_a_number_that_may_stand_anywhere_proves_nothing(seal_id: str) -> None:
    assert said(f"<p>{seal_id}</p>", seal_id) is Names.NEITHER


def test_a_host_with_an_umlaut_is_known_both_ways() -> None:
    for html in ("<p>müller.example</p>", "<p>xn--mller-kva.example</p>"):
        assert names(html.encode(), ["xn--mller-kva.example"], ID) is Names.SHOP


@given(st.text(alphabet="<>!-/ascriptehref=\"' \n.muster", max_size=300))
def test_no_page_is_too_broken_to_be_read(html: str) -> None:
    assert said(html) in Names


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "<script>", "<a href=", "</", "<a ", "<!", '<a href="x">', "&#", "<p hidden>"]
)
def test_a_megabyte_of_anything_is_read_to_its_end(piece: str) -> None:
    assert said(piece * (1024 * 1024 // len(piece))) is Names.NEITHER


def test_what_a_page_is_asked_for_is_altered_once_and_only_if_it_is_asked_for() -> None:
    url = f"https://issuer.example/check?id={ID.lower()}"
    other = controls(url, Names.ID, HOSTS, ID)
    assert other is not None
    assert other == (f"https://issuer.example/check?id={other[1]}", "K1N9NNPPQ7P20R98")
    assert controls(url, Names.SHOP, HOSTS, ID) is None
    asked = controls("https://issuer.example/?shop=www.muster.example", Names.SHOP, HOSTS, ID)
    assert asked == ("https://issuer.example/?shop=www.zhfgre.rknzcyr", "zhfgre.rknzcyr")


@pytest.mark.parametrize("host", ["muster.example", "siegel.muster.example", "muster.myshopify.com"])
def test_nobody_is_a_witness_for_themselves(host: str) -> None:
    assert is_own(host, HOSTS)
    assert not is_own(f"{host}.evil.example", HOSTS)
    assert not is_own(f"not-{host.replace('.', '-')}", HOSTS)
