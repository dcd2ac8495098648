"""Which links to other people's pages are taken: https, a public host by its plain name, and nothing that misleads."""

import re

from plugin.language import sentence

LONGEST = 500

HTTPS = sentence("Enter a link that begins with https://.")
PLAIN = sentence(
    "Enter the link in plain letters, as the browser shows it; look-alike letters are not taken."
)
BARE = sentence("Enter the link without a user name and without a port.")
NAMED = sentence("Enter the public name of the host, not a number or a name of a private network.")
BROKEN = sentence("Enter the link as the browser shows it, without spaces.")
LONG = sentence("Enter a link of at most 500 characters.")

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LINK = re.compile(rf"https://((?:{_LABEL}\.)+[a-z]{{2,63}})([/?#].*)?", re.IGNORECASE)
_REST = re.compile(r"[!#-;=?-\[\]_a-z~]*", re.IGNORECASE)
"""What may follow the host: printable, without quotes, backslashes, braces and angle brackets."""

_PRIVATE = frozenset({"arpa", "corp", "home", "internal", "intranet", "lan", "local", "localhost", "onion"})


def link(text: str) -> str:
    """Return a link as it is kept, its host in small letters. Raises ValueError with a sentence for the merchant."""
    given = text.strip()
    if len(given) > LONGEST:
        raise ValueError(LONG)
    if not given.isascii() or "xn--" in given.partition("://")[2].partition("/")[0].lower():
        raise ValueError(PLAIN)
    if not given.lower().startswith("https://"):
        raise ValueError(HTTPS)
    authority = re.split(r"[/?#\\]", given[len("https://") :], maxsplit=1)[0]
    if "@" in authority or ":" in authority.rpartition("]")[2]:
        raise ValueError(BARE)
    found = _LINK.fullmatch(given)
    if found is None or found[1].lower().rpartition(".")[2] in _PRIVATE:
        raise ValueError(BROKEN if re.search(r"\s", given) else NAMED)
    if not _REST.fullmatch(found[2] or ""):
        raise ValueError(BROKEN)
    return f"https://{found[1].lower()}{found[2] or '/'}"


def host_of(url: str) -> str:
    """Return the host of a link that was taken."""
    return re.split(r"[/?#]", url.removeprefix("https://"), maxsplit=1)[0]


def within(host: str, domain: str) -> bool:
    """Tell whether a host is a domain or below it."""
    return host == domain or host.endswith(f".{domain}")
