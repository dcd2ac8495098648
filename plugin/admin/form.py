"""A submitted form, read within bounds."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request

from plugin.errors import Invalid, TooLarge
from plugin.language import sentence

MOST_BYTES = 256 * 1024
MOST_FIELDS = 5000


async def submitted(request: Request[Any]) -> Mapping[str, str]:
    """Return the fields of a form, each once. Raises Invalid and TooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Invalid(sentence("Please send a form."))
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise TooLarge(sentence("This form is too large."))
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise Invalid(sentence("This form cannot be read.")) from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Invalid(sentence("A field of this form is given twice."))
    return form
