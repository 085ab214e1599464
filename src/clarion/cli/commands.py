# SPDX-License-Identifier: Apache-2.0
"""The commands and their options."""

import os
from pathlib import Path
from typing import Annotated, Any

import typer

from clarion import __version__
from clarion.cli import (
    database_examinations,
    examinations,
    keeping,
    key_commands,
    keys,
    machines,
    owner_links,
    people,
    serving,
    supervised,
)
from clarion.cli import demo as demo_command
from clarion.cli import doctor as doctors
from clarion.cli.existing import existing
from clarion.domain.errors import SetupError
from clarion.observability import set_up_logging
from clarion.pipeline.failpoint import nothing as no_failpoint
from clarion.pipeline.failpoint import signal_at
from clarion.settings import Settings, load
from clarion.store import identity
from clarion.store import migrate as migrations
from clarion.store.opening import open_store

app = typer.Typer(
    name="clarion",
    help="API-triggered broadcasts, self-hosted: one call, a personal message to everybody who matches.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.add_typer(key_commands.app_keys, name="keys")
app.add_typer(key_commands.service_tokens, name="service-tokens")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", envvar="CLARION_CONFIG", help="A TOML file that overrides the defaults."),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option("--database-url", help="sqlite:///file or postgresql://…; also CLARION_DATABASE_URL."),
]
DataOption = Annotated[str | None, typer.Option("--data-dir", help="Folder for the outbox, flight records, files.")]
ProcessesOption = Annotated[
    int | None,
    typer.Option("--processes", help="Worker processes to keep running; 1: none but this one; 0: one for each core."),
]
FailpointOption = Annotated[
    str | None,
    typer.Option("--failpoint", hidden=True, help="Kill this process at a named place, for tests."),
]


def _settings(config: Path | None, **overrides: Any) -> Settings:
    dotted = {name.replace("__", "."): value for name, value in overrides.items()}
    settings = load(config, os.environ, dotted)
    set_up_logging(settings.log.level, settings.log.format, personal_data=settings.log.personal_data)
    return settings


@app.command()
def serve(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    data_dir: DataOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    tls: Annotated[
        bool | None, typer.Option("--tls/--no-tls", help="HTTPS with a local authority's certificate.")
    ] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Whether it also sends.")] = True,
    processes: ProcessesOption = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="A fresh workspace with 10,000 people, a broadcast, and captured mail."),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON when ready, for programs.")] = False,
    failpoint: FailpointOption = None,
) -> None:
    """Serve the API, with one embedded worker, or with worker processes of its own."""
    overrides: dict[str, Any] = {
        "database__url": database_url,
        "data__dir": data_dir,
        "server__host": host,
        "server__port": port,
        "server__tls": tls,
        "worker__processes": processes,
    }
    _check(failpoint)
    if demo:
        serving.serve_demo(
            lambda **more: _settings(config, **{**overrides, **more}),
            as_json=json,
            worker=worker,
            failpoint=failpoint,
        )
    else:
        serving.serve(_settings(config, **overrides), as_json=json, worker=worker, failpoint=failpoint)


@app.command()
def worker(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    data_dir: DataOption = None,
    processes: ProcessesOption = None,
    failpoint: FailpointOption = None,
    under_supervisor: Annotated[
        bool, typer.Option("--supervised", hidden=True, help="Take the settings from standard input.")
    ] = False,
) -> None:
    """Send: take slices of running triggers until stopped. Any number of these may run."""
    _check(failpoint)
    if under_supervisor:
        supervised.run(signal_at(failpoint) if failpoint else no_failpoint)
        return
    overrides = {"database__url": database_url, "data__dir": data_dir, "worker__processes": processes}
    serving.work_until_stopped(_settings(config, **overrides), failpoint)


def _check(failpoint: str | None) -> None:
    if failpoint:
        signal_at(failpoint)


@app.command()
def migrate(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what would be done; exit 1 if anything.")] = False,
    contract: Annotated[
        bool, typer.Option("--contract", help="Also take steps that stop older programs; they are told first.")
    ] = False,
) -> None:
    """Bring the database's schema up to date; older programs that are running go on."""
    settings = _settings(config, database__url=database_url)
    store = open_store(settings.database.url)
    try:
        if check:
            waiting = migrations.pending(store)
            for step in waiting:
                typer.echo(f"would apply {step.name}")
            for step in migrations.contracts(store):
                typer.echo(f"{step.name} waits for --contract")
            raise typer.Exit(1 if waiting else 0)
        for name in migrations.migrate(store, contract=contract):
            typer.echo(f"applied {name}")
        for step in migrations.contracts(store):
            typer.echo(f"{step.name} waits for --contract: when no older program runs any more")
        typer.echo("the database is up to date")
    finally:
        store.close()


@app.command("confirm-move")
def confirm_move(config: ConfigOption = None, database_url: DatabaseOption = None) -> None:
    """Let a database that was moved, copied or restored send from here, and from nowhere else."""
    settings = _settings(config, database__url=database_url)
    with existing(settings) as store:
        place = identity.here(store)
        store.write(lambda tx: identity.move(tx, place))
        name = store.write(identity.installation_id)
    typer.echo(f"installation {name} sends from {place.system} {place.address}".rstrip())


@app.command("owner-link")
def owner_link(config: ConfigOption = None, database_url: DatabaseOption = None) -> None:
    """Print a link, good for one use within a day, that makes an owner of every workspace on the web page."""
    owner_links.make(_settings(config, database__url=database_url))


@app.command()
def doctor(
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    data_dir: DataOption = None,
    processes: ProcessesOption = None,
    smtp: Annotated[
        bool, typer.Option("--smtp", help="Also log in to the mail server and the mailbox of bounces; nothing is sent.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Look at this installation: what is in order, what is not, and what to do. Exit status 1: something failed."""
    overrides = {"database__url": database_url, "data__dir": data_dir, "worker__processes": processes}
    settings = _settings(config, **overrides)
    count = serving.processes(settings)
    checks: list[tuple[str, doctors.Check]] = [
        ("settings", lambda: examinations.set_up(settings)),
        ("programs", examinations.programs),
        ("open files", lambda: examinations.limits(settings, count)),
        ("data folder", lambda: examinations.data_folder(Path(settings.data.dir))),
        ("database", lambda: database_examinations.database(settings, count)),
    ]
    if smtp:
        checks.append(("smtp", lambda: examinations.smtp_login(settings.smtp)))
        checks.append(("bounces", lambda: examinations.bounce_mailbox(settings)))
    raise typer.Exit(doctors.report(doctors.examine(checks), as_json=json))


@app.command()
def machine(
    agent: Annotated[str | None, typer.Option("--agent", help="The User-Agent of the request.")] = None,
    address: Annotated[str, typer.Option("--address", help="Where it comes from.")] = "",
    header: Annotated[list[str] | None, typer.Option("--header", help="Another header, 'Name: value'.")] = None,
    method: Annotated[str, typer.Option("--method", help="GET or HEAD.")] = "GET",
    after: Annotated[
        float | None, typer.Option("--after", help="So many seconds after the message was sent, a click.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Say by which rule an opening or a click is a machine's; without --agent list the rules."""
    settings = _settings(config)
    if agent is None and (address or header or after is not None or method != "GET"):
        raise SetupError("--address, --header, --method and --after tell of a request: give its --agent, too")
    if agent is None:
        machines.listing(settings)
    else:
        machines.explain(settings, method, [f"User-Agent: {agent}", *(header or ())], address, after)


@app.command("create-workspace")
def create_workspace(
    name: Annotated[str, typer.Argument(help="The workspace's name.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    identifiers: Annotated[
        str, typer.Option(help="id_email: an address belongs to one person; id: several may share it.")
    ] = "id_email",
    json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.")] = False,
) -> None:
    """Make a workspace and print its keys, which are shown only this once."""
    if identifiers not in {"id_email", "id"}:
        raise SetupError("--identifiers must be id_email or id")
    settings = _settings(config, database__url=database_url)
    keys.create(settings, name, identifiers, as_json=json)


@app.command()
def workspaces(config: ConfigOption = None, database_url: DatabaseOption = None) -> None:
    """List the workspaces."""
    keys.list_workspaces(_settings(config, database__url=database_url))


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="The copy; it must not exist yet.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Copy an SQLite database while it is used."""
    keeping.backup(_settings(config, database__url=database_url), target)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="The file; gzipped when its name ends in .gz.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """Write the whole database to a file that either engine can import."""
    keeping.export(_settings(config, database__url=database_url), target)


@app.command("import")
def load_export(
    source: Annotated[Path, typer.Argument(help="What clarion export wrote.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    as_backup: Annotated[
        bool, typer.Option("--as-backup", help="It is older than what was sent: also do what `restored` does.")
    ] = False,
) -> None:
    """Fill an empty database from an export."""
    keeping.load(_settings(config, database__url=database_url), source, as_backup=as_backup)


@app.command()
def partition(
    every: Annotated[int, typer.Option(help="How many triggers one partition holds; about a month's.")],
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
) -> None:
    """PostgreSQL: keep accounts in partitions by trigger, which retention drops whole. Stop the workers before."""
    keeping.partition(_settings(config, database__url=database_url), every)


@app.command()
def restored(config: ConfigOption = None, database_url: DatabaseOption = None) -> None:
    """After restoring a backup, before anything runs: hold what it would send a second time."""
    keeping.restored(_settings(config, database__url=database_url))


@app.command()
def erase(
    workspace: Annotated[int, typer.Option("--workspace", help="The workspace's number.")] = 1,
    id_: Annotated[str | None, typer.Option("--id", help="The person's id.")] = None,
    email: Annotated[str | None, typer.Option("--email", help="The person's e-mail address.")] = None,
    cio_id: Annotated[str | None, typer.Option("--cio-id", help="Their cio_id; also of somebody deleted.")] = None,
    suppress: Annotated[bool, typer.Option("--suppress", help="Block their identifiers, kept as hashes.")] = False,
    listing: Annotated[bool, typer.Option("--list", help="Show the erasures of the workspace instead.")] = False,
    config: ConfigOption = None,
    database_url: DatabaseOption = None,
    data_dir: DataOption = None,
) -> None:
    """Erase a person: everything that tells who they are goes, counts stay."""
    settings = _settings(config, database__url=database_url, data__dir=data_dir)
    people.erase(settings, workspace, {"id": id_, "email": email, "cio_id": cio_id}, suppress=suppress, listing=listing)


@app.command()
def demo(
    check: Annotated[bool, typer.Option("--check", help="Verify every number and exit.")] = False,
    port: Annotated[int, typer.Option(help="Port of the demo server; 0 takes a free one.")] = 8025,
    database_url: DatabaseOption = None,
) -> None:
    """Start the demo server, trigger its broadcast through the API, and show what happens."""
    raise typer.Exit(demo_command.run(check=check, port=port, database_url=database_url))


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)
