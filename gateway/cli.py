"""What can be done from the command line? `inbox --help` lists it."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer

from gateway.config import Config

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Единое окно: one queue for every word a client says.",
)
source_app = typer.Typer(no_args_is_help=True, help="Connected accounts.")
user_app = typer.Typer(no_args_is_help=True, help="People.")
keys_app = typer.Typer(no_args_is_help=True, help="Keys that seal the sources' secrets.")
app.add_typer(source_app, name="source")
app.add_typer(user_app, name="user")
app.add_typer(keys_app, name="keys")

Role = Literal["all", "web", "worker", "listener"]


def main() -> None:
    """The `inbox` command. What is known to go wrong ends with a sentence, not with a trace."""
    try:
        app()
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        _fail(sentence)


def _sentence(error: Exception) -> str | None:
    """What to tell a person; None for what nobody foresaw."""
    from gateway.maintenance import Failed
    from gateway.vault import VaultClosed
    from storage.errors import Unavailable

    match error:
        case Failed() | VaultClosed():
            return str(error)
        case Unavailable():
            return f"the database does not answer ({error}); `inbox doctor` says what is wrong"
        case OSError():
            return f"{error.filename or 'the system'}: {error.strerror or error}"
        case _:
            return None


def _config() -> Config:
    from pydantic import ValidationError

    from gateway import logs

    try:
        config = Config(_env_file=os.environ.get("INBOX_ENV_FILE", ".env"))
    except ValidationError as error:
        wrong = (
            f"INBOX_{'_'.join(map(str, e['loc'])).upper()}: {e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        _fail("; ".join(wrong))
    logs.set_up(config.log_level, config.log_format)
    return config


def _fail(why: str) -> NoReturn:
    typer.echo(f"inbox: {why}", err=True)
    sys.exit(1)


@app.command()
def serve(role: Annotated[Role, typer.Option(help="Which parts run in this process.")] = "all") -> None:
    """Start the gateway (all parts in one process, unless a role is given)."""
    from gateway.serving import serve as run

    run(_config(), role)


@app.command()
def demo() -> None:
    """Start the gateway with made-up clients on local stand-ins of the networks; nothing goes out."""
    from gateway.demo.folder import fresh
    from gateway.serving import serve as run

    run(fresh(_config()), "all", demo=True)


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="Where to; `head` is the newest.")] = "head",
) -> None:
    """Bring the database's tables up to date."""
    from storage import migrate as migrations

    config = _config()
    config.data_dir.mkdir(parents=True, exist_ok=True)
    asyncio.run(migrations.upgrade(config.database(), revision))
    typer.echo(f"database at revision {asyncio.run(migrations.current(config.database()))}")


@app.command()
def replay(
    source: Annotated[str | None, typer.Option(help="All set-aside envelopes of this source.")] = None,
    envelope: Annotated[int | None, typer.Option(help="One envelope by its number.")] = None,
    day: Annotated[
        str | None,
        typer.Option(help="A whole day (2026-11-28, UTC) or `all`, into the empty database of --into."),
    ] = None,
    into: Annotated[
        str | None, typer.Option(help="Address of an empty database; nothing is sent from there.")
    ] = None,
) -> None:
    """Try set-aside envelopes again, or open a whole day once more in an empty database."""
    from gateway.maintenance import rehearsal
    from gateway.maintenance import replay as run

    if day is not None or into is not None:
        if day is None or into is None:
            _fail("--day and --into go together")
        typer.echo("\n".join(asyncio.run(rehearsal(_config(), day, into))))
        return

    if (source is None) == (envelope is None):
        _fail("name either --source or --envelope")
    replayed, opened, aside = asyncio.run(run(_config(), source, envelope))
    typer.echo(f"{replayed} tried, {opened} opened, {aside} set aside again")


@app.command()
def certificate(
    as_json: Annotated[bool, typer.Option("--json", help="The signed document itself.")] = False,
) -> None:
    """Write a signed word on what came in, what became of it and what is missing; ends with 1 when something is."""
    import orjson

    from gateway.certificate import lines
    from gateway.maintenance import certificate as run

    made = asyncio.run(run(_config()))
    if as_json:
        signed = {"document": made.document, "signature": made.signature, "public_key": made.public_key}
        typer.echo(orjson.dumps(signed, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2).decode())
    else:
        typer.echo("\n".join(lines(made)))
    raise typer.Exit(0 if made.balanced else 1)


@app.command()
def doctor() -> None:
    """Check configuration, database, Redis, disk, clock, public address and each source; say what to do."""
    from gateway.doctor import examine

    findings = asyncio.run(examine(_config()))
    for finding in findings:
        typer.echo(f"{finding.mark} {finding.what}: {finding.detail}")
        if not finding.ok and finding.advice:
            typer.echo(f"     -> {finding.advice}")
    raise typer.Exit(1 if any(finding.grave for finding in findings if not finding.ok) else 0)


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(help="The archive to write, .tar.gz.")],
    with_key: Annotated[bool, typer.Option(help="Put the key file in as well.")] = False,
) -> None:
    """Write a consistent copy of the embedded database and the files into one archive, while running."""
    from gateway.backup import backup as run

    size = run(_config(), to, with_key=with_key)
    typer.echo(f"{to}: {size} bytes{'' if with_key else '; without the key, keep secret.key apart'}")


@app.command()
def restore(archive: Annotated[Path, typer.Argument(help="An archive that `backup` wrote.")]) -> None:
    """Unpack a backup into an empty data folder."""
    from gateway.backup import restore as run

    run(_config(), archive)
    typer.echo("restored; start with `inbox serve`")


@app.command()
def openapi(
    to: Annotated[Path | None, typer.Argument(help="A file; without it, to the screen.")] = None,
) -> None:
    """Write the API's OpenAPI 3.1 document."""
    import orjson

    from gateway.api import handlers
    from gateway.api.document import document

    handlers.load()
    text = orjson.dumps(document(), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode()
    if to is None:
        typer.echo(text)
    else:
        to.write_text(text + "\n", "utf-8")


@user_app.command("add")
def user_add(
    name: Annotated[str, typer.Argument()],
    email: Annotated[str, typer.Argument()],
    role: Annotated[
        list[str] | None, typer.Option(help="operator, manager, marketer, head or admin.")
    ] = None,
) -> None:
    """Add a person and print the link by which they choose a password."""
    from gateway.maintenance import add_user

    typer.echo(asyncio.run(add_user(_config(), name, email, role or ["operator"])))


@user_app.command("link")
def user_link(email: Annotated[str, typer.Argument()]) -> None:
    """Print a one-time sign-in link for a person, good for ten minutes."""
    from gateway.maintenance import sign_in_link

    typer.echo(asyncio.run(sign_in_link(_config(), email)))


@source_app.command("list")
def source_list() -> None:
    """Show every source with its state and account."""
    from gateway.maintenance import list_sources

    lines = asyncio.run(list_sources(_config()))
    typer.echo("\n".join(lines) or "no source yet; the console connects one in five steps")


@source_app.command("test")
def source_test(source: Annotated[str, typer.Argument(help="Its id or name.")]) -> None:
    """Check one source: key, rights, reachability."""
    from gateway.maintenance import test_source

    checks = asyncio.run(test_source(_config(), source))
    for check in checks:
        typer.echo(f"{'ok  ' if check.ok else 'FAIL'} {check.code} {check.detail}")
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


@keys_app.command("new")
def keys_new() -> None:
    """Print a new key. Put it first in INBOX_SECRET_KEYS (or the key file), then `inbox keys rotate`."""
    from cryptography.fernet import Fernet

    typer.echo(Fernet.generate_key().decode())


@keys_app.command("rotate")
def keys_rotate() -> None:
    """Seal every source's secrets with the newest key; the old ones may then be taken away."""
    from gateway.maintenance import rotate_keys

    typer.echo(f"{asyncio.run(rotate_keys(_config()))} sources sealed anew")


def describe() -> list[dict[str, Any]]:
    """Every setting with its variable, default and meaning; docs/configuration.md is made from it."""
    return [
        {
            "variable": f"INBOX_{name.upper()}",
            "default": ""
            if field.annotation is not None and "Secret" in str(field.annotation)
            else field.default,
            "meaning": field.description or "",
        }
        for name, field in Config.model_fields.items()
    ]


if __name__ == "__main__":
    main()
