"""Whether an issuer's page names a shop: that it is there at all proves nothing."""

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from html import unescape
from urllib.parse import urlsplit

from widgets.trust.links import within

SHORTEST = 5
"""A shorter id, such as a year, could stand on any page by chance; then only the shop's host counts, and so it does
without a digit."""

_UNSEEN = ("noscript", "script", "style", "template", "textarea", "title")
"""Elements whose text is no statement of the issuer's: it is not shown, or it repeats what was asked."""

_VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
_HIDDEN = re.compile(
    r"\s(?:hidden(?=[\s=/]|$)|style\s*=\s*[\"']?[^\"'>]*(?:display\s*:\s*none|visibility\s*:\s*hidden))",
    re.IGNORECASE,
)

_HREF = re.compile(r"\shref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_NAME = re.compile(r"/?[a-z][a-z0-9]*", re.IGNORECASE)


_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_OTHER = str.maketrans(
    _LETTERS + _LETTERS.upper() + "0123456789",
    _LETTERS[13:] + _LETTERS[:13] + (_LETTERS[13:] + _LETTERS[:13]).upper() + "5678901234",
)
"""Another word of the same form."""


class Names(StrEnum):
    """What an issuer's page names."""

    SHOP = "shop"
    ID = "id"
    NEITHER = "neither"


def names(page: bytes, hosts: Iterable[str], seal_id: str) -> Names:
    """Return what the page says: text that people see, and for the shop's hosts also where its links lead."""
    texts, links = _said(page.decode("utf-8", "replace"))
    if any(_of_host(host).search(texts) or _of_host(host).search(links) for host in hosts):
        return Names.SHOP
    if len(seal_id) >= SHORTEST and re.search(r"\d", seal_id) and _of_id(seal_id).search(texts):
        return Names.ID
    return Names.NEITHER


def controls(url: str, named: Names, hosts: Iterable[str], seal_id: str) -> tuple[str, str] | None:
    """Return the address with what it asks for altered, and that other word; None where it does not ask for it.

    A page that says as much about a shop or number that is made up only repeats what it was asked.
    """
    asked = [seal_id] if named is Names.ID else [host.removeprefix("www.") for host in hosts]
    for word in asked:
        found = re.search(re.escape(word), url, re.IGNORECASE)
        if found:
            other = word.translate(_OTHER)
            return url[: found.start()] + other + url[found.end() :], other
    return None


def is_own(host: str, hosts: Iterable[str]) -> bool:
    """Tell whether a page would be the shop's own: nobody is a witness for themselves."""
    return any(within(host, own.removeprefix("www.")) for own in hosts)


def _of_host(host: str) -> re.Pattern[str]:
    plain = host.lower().removeprefix("www.")
    try:
        written = {plain, plain.encode("ascii").decode("idna")}
    except UnicodeError:
        written = {plain}
    either = "|".join(re.escape(one) for one in sorted(written))
    return re.compile(rf"(?<![\w.-])(?:www\.)?(?:{either})(?![\w-])(?!\.\w)", re.IGNORECASE)


def _of_id(seal_id: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-]){re.escape(seal_id)}(?![\w-])", re.IGNORECASE)


def _said(html: str) -> tuple[str, str]:
    """Return the visible text and the addresses of the links; what never ends is passed over. In linear time."""
    texts, links = list[str](), list[str]()
    for text, tag in _pieces(html):
        texts.append(text)
        if re.match(r"a\s", tag, re.IGNORECASE):
            links += [next(filter(None, found), "") for found in _HREF.findall(tag)]
    hosts = " ".join(_host(unescape(found)) for found in links)
    return re.sub(r"\s+", " ", unescape(" ".join(texts))), hosts


def _host(address: str) -> str:
    """Return the host that a link leads to, empty within the page's own."""
    try:
        return urlsplit(address.strip()).hostname or ""
    except ValueError:
        return ""


def _pieces(html: str) -> Iterator[tuple[str, str]]:
    """Yield each text with the tag that follows it."""
    at = 0
    while (start := html.find("<", at)) >= 0:
        text = html[at:start]
        at, tag = _after(html, start)
        yield text, tag
    yield html[at:], ""


def _after(html: str, start: int) -> tuple[int, str]:
    """Return where text goes on after a ``<``, and the tag that it opens."""
    if html.startswith("<!--", start):
        return _end(html, "-->", start + 4), ""
    name = _NAME.match(html, start + 1)
    if name is None:
        return (_end(html, ">", start), "") if html[start + 1 : start + 2] in {"!", "?"} else (start + 1, "")
    if name[0].lower() in _UNSEEN:
        closing = re.compile(rf"</{name[0]}\b", re.IGNORECASE).search(html, start)
        return _end(html, ">", closing.start() if closing else len(html)), ""
    end = _end(html, ">", start)
    tag = html[start + 1 : end - 1]
    if name[0][0] != "/" and _HIDDEN.search(tag) and name[0].lower() not in _VOID:
        return _past(html, name[0], end), ""
    return end, tag


def _past(html: str, name: str, start: int) -> int:
    """Return where an element ends whose start tag ends at ``start``: with its own end tag, or never."""
    depth = 1
    for found in re.finditer(rf"<(/?){re.escape(name)}\b", html[start:], re.IGNORECASE):
        depth += -1 if found[1] else 1
        if depth == 0:
            return _end(html, ">", start + found.start())
    return len(html)


def _end(html: str, mark: str, start: int) -> int:
    found = html.find(mark, start)
    return len(html) if found < 0 else found + len(mark)
