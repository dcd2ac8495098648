"""Log lines without anybody's data: no query string, id, token or body, and no exception's own words.

An exception is logged as its type and where it happened; its message may quote a statement's parameters or a body.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

import structlog

_TELLING = re.compile(
    r"eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?"  # a signed token
    r"|shp[a-z]{2,3}_\w+"  # a secret or token of Shopify's
    r"|(?<=\?)[^\s\"']+"  # a query string
    r"|(?<![\w.:-])\d{7,}(?![\w.:-])"  # an id
    r"|(?<=/)\d{4,}(?![\w.-])"  # an id within a path or a global id
)

_TRACEBACK = re.compile(r"(?:  \+ Exception Group )?Traceback \(most recent call last\):")
_FRAME = re.compile(r"^(?:  \|)? {2,3}File \"([^\"\n]+)\", line (\d+), in (.+)$", re.MULTILINE)
_RAISED = re.compile(
    r"Traceback \(most recent call last\):\n((?: .*\n)+)([A-Za-z_][\w.]*)(?=:|$)"
    r"|  \+ Exception Group Traceback \(most recent call last\):\n((?:  \|  .*\n)+)  \| ([A-Za-z_][\w.]*)(?=:|$)",
    re.MULTILINE,
)
"""A traceback from its first line to the name of what was raised: the first line that is not indented. What follows
are its words. Of an exception's causes and what was raised at last, the last stands at the end."""

_PLACES = 8

OWN = frozenset({"plugin", "webhooks", "widgets"})
"""Whose lines are worded to tell nothing; of all others only warnings are heard, whatever their level is set to."""

Line = MutableMapping[str, Any]


def configure_logging(*, as_json: bool = True, stream: TextIO | None = None) -> None:
    """Send every line, our own and the libraries', through the same narrow door, to standard error by default."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        without_words,
        without_traces,
        scrubbed,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler.setFormatter(formatter)
    handler.addFilter(heard)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OWN:
        logging.getLogger(name).setLevel(logging.INFO)


def heard(record: logging.LogRecord) -> bool:
    """Tell whether a line is written: a library that explains itself names rows, headers and addresses."""
    return record.levelno >= logging.WARNING or record.name.partition(".")[0] in OWN


def without_words(_: object, __: str, line: Line) -> Line:
    """Replace an exception by its type and the places it passed through."""
    found = line.pop("exc_info", None)
    record = line.get("_record")
    if found is None and isinstance(record, logging.LogRecord):
        found, record.exc_info, record.exc_text = record.exc_info, None, None
    error = _exception(found)
    if error is not None:
        line["error"] = type(error).__name__
        line["at"] = places(error.__traceback__)
    return line


def without_traces(_: object, __: str, line: Line) -> Line:
    """Replace a traceback that somebody printed into the line's own words by the exception's type and its places."""
    words = line.get("event")
    if isinstance(words, str) and (raised := _raised(words)):
        error, at = raised
        line.setdefault("error", error)
        line.setdefault("at", at)
    return line


def scrubbed(_: object, __: str, line: Line) -> Line:
    """Blank whatever looks like an id, a token or a query string in every text of the line."""
    for name, value in line.items():
        if not name.startswith("_"):
            line[name] = _scrub(value)
    return line


def places(trace: TracebackType | None) -> list[str]:
    """The last places of a traceback as ``module.py:12 function``, outermost first."""
    frames = traceback.extract_tb(trace)[-_PLACES:]
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _scrub(value: Any) -> Any:
    if isinstance(value, str):
        return _TELLING.sub("*", _without_trace(value))
    if isinstance(value, bool | int | float | None):
        return value
    if isinstance(value, list | tuple):
        return [_scrub(one) for one in value]
    if isinstance(value, dict):
        return {name: _scrub(one) for name, one in value.items()}
    return _TELLING.sub("*", _without_trace(str(value)))


def _without_trace(text: str) -> str:
    """Put an exception's type in the place of a traceback that somebody printed into the line's own words."""
    printed = _TRACEBACK.search(text)
    if printed is None:
        return text
    raised = _raised(text)
    return text[: printed.start()] + (raised[0] if raised else "an error")


def _raised(text: str) -> tuple[str, list[str]] | None:
    """Return the type and the places of the exception whose traceback is printed in the text."""
    found = list(_RAISED.finditer(text))
    if not found:
        return None
    frames, name, of_group, group = found[-1].groups()
    at = [f"{Path(file).name}:{line} {where}" for file, line, where in _FRAME.findall(frames or of_group)]
    return (name or group).rpartition(".")[2], at[-_PLACES:]


def _exception(found: Any) -> BaseException | None:
    if isinstance(found, BaseException):
        return found
    if isinstance(found, tuple) and isinstance(found[1], BaseException):
        return found[1]
    return sys.exc_info()[1] if found is True else None
