"""No line of the log tells anything about anybody."""

import json
import logging
import re
import traceback
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import httpx
import pytest
import structlog

from plugin import logs


@pytest.fixture
def written() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    root, before, stream = logging.getLogger(), structlog.get_config(), StringIO()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in ("plugin", "webhooks", "widgets")}
    logs.configure_logging(stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = handlers, level
    for name, found in levels.items():
        logging.getLogger(name).setLevel(found)
    structlog.configure(**before)


def test_a_line_is_json_with_its_time_and_level(written: Any) -> None:
    structlog.get_logger("plugin.test").warning("token_endpoint", shop="example", code=503)
    (line,) = written()
    assert {
        "event": "token_endpoint",
        "shop": "example",
        "code": 503,
        "level": "warning",
    }.items() <= line.items()
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "secret",
    [
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
        "shpat_0123456789abcdef",
        "shprt_0123456789abcdef",
        "shpss_0123456789abcdef",
        "https://app.example/ext/orders/5123456789012?checkout_token=abc",
        "gid://shopify/Customer/7123456",
        "order 820982911946154508 failed",
        "/ext/orders/4711",
        "/?id_token=x&shop=y",
    ],
)
def test_ids_tokens_and_queries_never_reach_it(written: Any, secret: str) -> None:
    log = structlog.get_logger("plugin.test")
    log.warning(secret, one=secret, two=[secret], three={"x": (secret,)}, four=ValueError(secret))
    logging.getLogger("somebody.elses").warning("failed: %s", secret)
    lines = written()
    assert len(lines) == 2
    text = json.dumps(lines)
    telling = (
        "eyJ",
        "shpat_",
        "shprt_",
        "shpss_",
        "51234",
        "712345",
        "82098",
        "4711",
        "checkout_token",
        "id_token",
    )
    assert not any(word in text for word in telling)


def test_an_exception_is_its_type_and_place_never_its_words(written: Any) -> None:
    def fail() -> None:
        raise KeyError("parameters: ('anna@example.com',)")

    for log in (structlog.get_logger("plugin.test"), logging.getLogger("somebody.elses")):
        try:
            fail()
        except KeyError:
            log.exception("it failed")
    for line in written():
        assert line["error"] == "KeyError"
        assert line["at"][-1].endswith("fail")
        assert line["at"][-1].startswith("test_logs.py:")
        assert "anna" not in json.dumps(line)


def test_libraries_speak_up_from_warnings_only(written: Any) -> None:
    logging.getLogger("httpx").info(
        "HTTP Request: POST https://example.myshopify.com/admin/oauth/access_token"
    )
    structlog.get_logger("plugin.test").info("said")
    assert [line["event"] for line in written()] == ["said"]


def test_libraries_stay_quiet_whatever_their_level_is_set_to(written: Any) -> None:
    loud = logging.getLogger("sqlalchemy.engine.test")
    loud.setLevel(logging.DEBUG)
    loud.debug("Row ('anna@example.com',)")
    loud.warning("the pool is full")
    assert [line["event"] for line in written()] == ["the pool is full"]


def test_a_traceback_that_somebody_prints_is_its_type(written: Any) -> None:
    try:
        raise KeyError("anna@example.com")  # noqa: TRY301  the traceback is what is wanted
    except KeyError:
        printed = traceback.format_exc()
    logging.getLogger("uvicorn.error").error("%s", printed)
    logging.getLogger("uvicorn.error").error("it failed: Traceback (most recent call last):\n  anna")
    assert [line["event"] for line in written()] == ["KeyError", "it failed: an error"]


class Lost(Exception):
    """Named like those of ours that end neither in Error nor in Exception."""


def lose(words: str) -> None:
    try:
        raise OSError("bert@example.com")  # noqa: TRY301  a cause is what is wanted
    except OSError as error:
        raise Lost(words) from error


def several() -> None:
    raise ExceptionGroup("anna@example.com", [OSError("bert"), Lost("anna")])


def stop() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("fail", "name"),
    [
        (lambda: lose(""), "Lost"),
        (lambda: lose("anna@example.com"), "Lost"),
        (lambda: lose("a row:\nanna\nanna: anna\n\n  anna"), "Lost"),
        (lambda: httpx.Client().get("http://127.0.0.1:port/anna"), "InvalidURL"),
        (several, "ExceptionGroup"),
        (stop, "KeyboardInterrupt"),
    ],
    ids=["no words", "words", "lines of words", "another package's", "several", "an interrupt"],
)
def test_a_printed_traceback_names_what_was_raised_at_last_and_where(
    written: Any, fail: Callable[[], object], name: str
) -> None:
    printed = ""
    try:
        fail()
    except BaseException:  # noqa: BLE001  an interrupt is one of them
        printed = traceback.format_exc()
    logging.getLogger("uvicorn.error").error("it failed: %s", printed)
    (line,) = written()
    assert (line["event"].split()[-1], line["error"]) == (name, name)
    assert len(line["at"]) > 1
    assert all(re.fullmatch(r"\w+\.py:\d+ \S+", place) for place in line["at"])
    assert line["at"][0].startswith("test_logs.py:")
    assert not any(word in json.dumps(line) for word in ("anna", "bert"))


@pytest.mark.parametrize(
    "text",
    ['x"}\n{"event": "forged"', "a\r\nb", "\x1b[2J\x1b[1;31m", "a\u2028b\u0085c", "\x00", "{{ 7*7 }} %s {0}"],
)
def test_a_line_stays_one_line_whatever_it_is_told(written: Any, text: str) -> None:
    structlog.get_logger("plugin.test").warning("parked", shop=text, topic=text)
    logging.getLogger("somebody.elses").warning("failed: %s", text)
    own, other = written()
    assert (own["event"], own["shop"], own["topic"]) == ("parked", text, text)
    assert other["event"] == f"failed: {text}"
