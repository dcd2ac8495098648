"""Every failure the program names; a message is one sentence that a person can act on."""


class DankbarError(Exception):
    """Base of all expected failures; anything else is a bug and stays a 500."""


class ConfigurationError(DankbarError):
    """The process cannot start as configured; the message names the variable."""


class Park(DankbarError):
    """The event or task can never succeed as it is: it is set aside with this reason and posts nothing."""


class Retry(DankbarError):
    """Something outside is not ready; the event or task is tried again with back-off."""


class NotSetUp(Retry, LookupError):
    """The shop has no settings yet: its facts are still being asked of Shopify."""


class AppError(DankbarError):
    """An expected refusal of a request, rendered as its status, stable code and one sentence."""

    status = 500
    code = "error"

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code


class Malformed(AppError):
    """400: the request cannot be understood."""

    status, code = 400, "malformed"


class Unauthorized(AppError):
    """401: the proof is missing, wrong or expired."""

    status, code = 401, "unauthorized"


class Forbidden(AppError):
    """403: the proof is good but does not allow this."""

    status, code = 403, "forbidden"


class NotFound(AppError):
    """404: there is nothing here for this proof."""

    status, code = 404, "not_found"


class Conflict(AppError):
    """409: the request is well-formed and contradicts what is recorded."""

    status, code = 409, "conflict"


class TooLarge(AppError):
    """413: the body exceeds its bound."""

    status, code = 413, "too_large"


class Invalid(AppError):
    """422: a form or payload field is wrong; ``fields`` maps field names to one sentence each."""

    status, code = 422, "invalid"

    def __init__(self, message: str, *, fields: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class TooMany(AppError):
    """429: beyond the rate limit; try again after ``Retry-After``."""

    status, code = 429, "too_many"


class Unavailable(AppError):
    """503: nothing was stored; try again after ``Retry-After``."""

    status, code = 503, "unavailable"
