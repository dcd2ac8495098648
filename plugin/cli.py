"""The ``dankbar`` command. Errors are one sentence on standard error; 0 done, 1 does not hold or failed, 2 bad usage."""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

import widgets
from plugin import backlog as backlogs
from plugin import install, migrating, operating, reconcile, replay, sandbox, serving, settings, shops, verify
from plugin.config import Config
from plugin.errors import AppError, ConfigurationError, DankbarError, Retry
from plugin.logs import configure_logging
from plugin.runtime import Runtime, open_runtime
from plugin.shops import Shop
from plugin.worker import jobs_of, run_job
from webhooks import rewrap

T = TypeVar("T")

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
app.command()(operating.backup)
app.command()(operating.move)

ShopOption = Annotated[
    str | None, typer.Option("--shop", help="The shop's handle, as in HANDLE.myshopify.com.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class NotSo(DankbarError):
    """The thing asked for does not hold or failed: exit code 1."""


@app.command()
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535)] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Web processes; more than one needs PostgreSQL.")
    ] = 1,
    no_worker: Annotated[
        bool, typer.Option("--no-worker", help="Leave the work to `dankbar worker`.")
    ] = False,
) -> None:
    """Serve the app, with the worker inside."""
    serving.serve(_config(), host=host, port=port, workers=workers, with_worker=not no_worker)


@app.command()
def worker() -> None:
    """Run a worker on its own."""
    import uvloop

    uvloop.run(serving.work(_config()))


@app.command("sandbox")
def sandbox_(
    port: Annotated[int, typer.Option(min=1, max=65534, help="The pocket Shopify; the app is next.")] = 9100,
    shop: Annotated[str, typer.Option(help="The shop's handle.")] = "example",
    data: Annotated[Path | None, typer.Option(help="Keep everything here; else it is forgotten.")] = None,
    billing: Annotated[str, typer.Option(help="Who bills the shop: shopify, stripe or none.")] = "shopify",
) -> None:
    """Run the app beside a pocket Shopify: no account, no database server, no Redis."""
    sandbox.expect(port, billing)
    typer.echo(f"Shop and switches: http://127.0.0.1:{port}/")
    typer.echo(f"Admin: http://127.0.0.1:{port}/admin")
    sandbox.run(port, shop, data, billing)


@app.command()
def migrate() -> None:
    """Bring the database to the current schema."""
    asyncio.run(migrating.run(_config()))


@app.command("replay")
def replay_(
    file: Path,
    url: Annotated[str, typer.Option(help="Where the app is reached.")],
    shop: Annotated[str, typer.Option(help="The shop's handle.")],
    rate: Annotated[float, typer.Option(min=0, help="Orders a second; 0 is as fast as accepted.")] = 0,
    limit: Annotated[int | None, typer.Option(min=1)] = None,
    shuffle: bool = False,
    duplicate: Annotated[float, typer.Option(min=0, max=1, help="Share of orders sent twice.")] = 0,
    seed: int = 1,
    currency: str = "EUR",
) -> None:
    """Send an order log (CSV: customer_id, date, items, amount) as signed orders/paid webhooks."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    secret = os.environ.get("SHOPIFY_API_SECRET")
    if not secret:
        raise ConfigurationError("SHOPIFY_API_SECRET is missing: set it to the app's secret.")
    options = replay.Options(url.rstrip("/"), shop, secret, currency, rate, limit, shuffle, duplicate, seed)
    deliveries = replay.read(file, options)
    columns = (TextColumn("sending"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, transient=True) as bar:
        shown = bar.add_task("sending", total=len(deliveries))
        outcome = asyncio.run(replay.send(deliveries, options, lambda: bar.advance(shown)))
    typer.echo(f"sent {outcome.sent}, accepted {outcome.accepted}, {outcome.rate:.0f} a second")
    if outcome.accepted < len(deliveries):
        raise NotSo(f"{len(deliveries) - outcome.accepted} orders were not accepted.")


@app.command("verify")
def verify_(shop: ShopOption = None, as_json: JsonOption = False) -> None:
    """Recompute every balance from entries and orders; exit 0 only if all invariants hold."""

    async def run(runtime: Runtime) -> verify.Report:
        shop_id = (await _shop(runtime, shop)).id if shop else None
        now = datetime.now(UTC)
        return await runtime.db.snapshot(lambda conn: verify.verify(conn, shop, shop_id, now))

    report = _run(run)
    typer.echo(json.dumps(report.as_json()) if as_json else "\n".join(verify.sentences(report)))
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def tick(shop: ShopOption = None) -> None:
    """Run the clock's due jobs now: maturity, expiry, lateness, sweeps."""

    async def run(runtime: Runtime) -> dict[str, int]:
        shop_id = (await _shop(runtime, shop)).id if shop else None
        now = datetime.now(UTC)
        return {job.name: await run_job(runtime, job, now, shop_id) for job in jobs_of(runtime)}

    for name, count in _run(run).items():
        typer.echo(f"{name}: {count}")


@app.command("settings")
def settings_(
    section: Annotated[str, typer.Argument(help="A widget's name, or shop.")],
    changes: Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...")] = None,
    shop: Annotated[str, typer.Option(help="The shop's handle.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Print a section's settings, or change them; in force within one second."""
    if section not in widgets.SECTIONS:
        raise ConfigurationError(
            f"There is no section {section}; there are {', '.join(sorted(widgets.SECTIONS))}."
        )
    patch = dict(_pair(text) for text in changes or ())

    async def run(runtime: Runtime) -> Any:
        whose = await _shop(runtime, shop)
        now = datetime.now(UTC)
        if patch:
            await runtime.db.write(lambda conn: widgets.change_settings(conn, whose.id, section, patch, now))
            runtime.bells.ring("tasks", f"settings:{whose.handle}")
        return await runtime.db.read(lambda conn: settings.current(conn, whose.id, widgets.SECTIONS[section]))

    values = _run(run).model_dump(mode="json")
    if as_json:
        typer.echo(json.dumps(values, ensure_ascii=False))
    else:
        for key, value in values.items():
            typer.echo(f"{key}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}")


@app.command("reconcile")
def reconcile_(
    shop: Annotated[str, typer.Option(help="The shop's handle.")],
    since: Annotated[str | None, typer.Option(help="ISO date or time; default: two days ago.")] = None,
) -> None:
    """Fetch changed orders from the Admin API and merge them as webhooks are."""
    start = _instant(since) if since else None

    async def run(runtime: Runtime) -> reconcile.Outcome:
        now = datetime.now(UTC)
        whose = await _shop(runtime, shop)
        return await reconcile.reconcile(runtime, whose, start or now - reconcile.WINDOW, now)

    outcome = _run(run)
    typer.echo(f"{outcome.fetched} orders looked at, {outcome.missed} of them not known as they are")


@app.command("backlog")
def backlog_(
    as_json: JsonOption = False,
    retry: Annotated[str | None, typer.Option(help="Id of a parked event or task to try again.")] = None,
) -> None:
    """Show what waits and what was set aside, with the reason."""

    async def run(runtime: Runtime) -> backlogs.Backlog:
        now = datetime.now(UTC)
        if retry is not None:
            if not await runtime.db.write(lambda conn: backlogs.retry(conn, retry, now)):
                raise NotSo(f"Nothing parked has the id {retry}.")
            runtime.bells.ring("inbox", "tasks")
        return await runtime.db.read(lambda conn: backlogs.read(conn, now))

    found = _run(run)
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return
    typer.echo(f"events: {found.inbox_waiting} waiting, {found.inbox_parked} parked")
    typer.echo(
        f"tasks: {found.tasks_waiting} waiting, {found.tasks_scheduled} scheduled, {found.tasks_parked} parked"
    )
    for one in found.parked:
        typer.echo(f"{one.id} {one.shop} {one.what}: {one.reason}")


@app.command("rotate-keys")
def rotate_keys() -> None:
    """Re-wrap all ciphertext with the newest key of DANKBAR_SECRET_KEY."""

    async def run(runtime: Runtime) -> int:
        secrets = await install.rotate_keys(runtime.db, runtime.keyring)
        return secrets + await rewrap.rotate_keys(runtime.db, runtime.keyring)

    typer.echo(f"{_run(run)} secrets re-wrapped")


def main() -> None:
    """Run the command; every expected failure is one sentence and an exit code."""
    configure_logging(as_json=not sys.stderr.isatty())
    try:
        app(standalone_mode=False)
    except (typer.Exit, typer.Abort) as stop:
        sys.exit(getattr(stop, "exit_code", 1))
    except (ConfigurationError, AppError) as error:
        _complain(str(error), 2)
    except Retry as error:
        _complain(f"{str(error).rstrip('.')}: try again later.", 1)
    except DankbarError as error:
        _complain(str(error), 1)
    except Exception as error:  # noqa: BLE001 a person reads one sentence, not a traceback
        _other(error)


def _other(error: Exception) -> None:
    show = getattr(error, "format_message", None)
    if callable(show):
        _complain(str(show()), 2)
    if os.environ.get("DANKBAR_DEBUG"):
        raise error
    _complain(f"An error in the program ({type(error).__name__}); DANKBAR_DEBUG=1 shows more.", 1)


def _complain(sentence: str, code: int) -> None:
    typer.echo(sentence, err=True)
    sys.exit(code)


def _config() -> Config:
    return Config.from_environment(os.environ)


def _run(work: Callable[[Runtime], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_runtime(_config()) as runtime:
            return await work(runtime)

    logging.disable(logging.WARNING)  # a person reads the one sentence of what went wrong, not its log
    try:
        return asyncio.run(run())
    finally:
        logging.disable(logging.NOTSET)


async def _shop(runtime: Runtime, handle: str) -> Shop:
    handle = handle.removesuffix(".myshopify.com")
    found = await runtime.db.read(lambda conn: shops.find_shop(conn, handle))
    if found is None:
        raise ConfigurationError(f"No shop {handle or '(give --shop)'} has installed the app.")
    return found


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigurationError(f"Write a setting as KEY=VALUE, not {text}.")
    return key, value


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigurationError(f"{text} is not an ISO date or time.") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
