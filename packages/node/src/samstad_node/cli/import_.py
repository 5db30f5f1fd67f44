"""``samstad import``: a file into a node, over its HTTP API."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.progress import Progress as Bar

from samstad_models.contexts import context_url
from samstad_node.cli.exits import CommandFailed, Exit
from samstad_node.cli.output import Json, emit
from samstad_node.importing.mapping import read_mapping
from samstad_node.importing.readers import read_rows
from samstad_node.importing.rows import BadRow, FileRefused
from samstad_node.importing.writing import Checked, Progress, check_rows, digest_of, write_entities
from samstad_node.sending import NodeApi, NotReachable, Refused

__all__ = ["import_file"]

KEY = "SAMSTAD_KEY"
_SHOWN = 50


def import_file(
    file: Path,
    /,
    *,
    url: Annotated[str, Parameter(help="Address of the node.")] = "http://127.0.0.1:8080",
    key: Annotated[str | None, Parameter(help="API key; else the one in SAMSTAD_KEY.")] = None,
    mapping: Annotated[Path | None, Parameter(help="Mapping of columns (TOML); not for NGSI-LD.")] = None,
    epsg: Annotated[int | None, Parameter(help="Coordinate system, as 3011 for SWEREF 99 18 00.")] = None,
    tenant: Annotated[str, Parameter(help="Data set in the node; else the default one.")] = "",
    context: Annotated[str, Parameter(help="@context of names in the file.")] = context_url("city"),
    dry_run: Annotated[bool, Parameter(negative="", help="Check all and write nothing.")] = False,
    json: Json = False,
) -> int:
    """Read a GeoPackage, GeoJSON, CSV or NGSI-LD file into a node.

    Everything is checked first; then what is good is written in batches. A broken import goes on where it
    was when the same command is given again. The exit code is 5 when rows were refused.
    """
    try:
        checked = check_rows(read_rows(file, read_mapping(mapping) if mapping else None, epsg=epsg))
        digest = digest_of(file, mapping, target=f"{url} {tenant} {epsg} {context}")
    except (FileRefused, OSError) as error:
        raise CommandFailed(str(error), exit=Exit.USAGE, todo="see samstad import --help") from error
    refused: Sequence[BadRow] = ()
    if not dry_run:
        api = _api(url, key=key, tenant=tenant, context=context)
        refused = _write(api, checked, file, digest, quiet=json)
    bad = sorted([*checked.bad, *refused])
    written = 0 if dry_run else len(checked.entities) - len(refused)
    found = {"written": written, "good": len(checked.entities), "bad": [one._asdict() for one in bad]}
    emit(found, _report(written, len(checked.entities), bad, dry_run=dry_run), json=json)
    return Exit.REFUSED_ROWS if bad else Exit.OK


def _api(url: str, *, key: str | None, tenant: str, context: str) -> NodeApi:
    try:
        return NodeApi(url, key=key or os.environ.get(KEY, ""), tenant=tenant, context=context)
    except ValueError as error:
        raise CommandFailed(str(error), exit=Exit.USAGE, todo="name the node with --url") from error


def _write(api: NodeApi, checked: Checked, file: Path, digest: str, *, quiet: bool) -> Sequence[BadRow]:
    note = file.with_name(file.name + ".import-state")
    progress = Progress.read(note, digest=digest)
    try:
        with Bar(console=Console(stderr=True), disable=quiet, transient=True) as bar:
            task = bar.add_task(file.name, total=len(checked.entities), completed=progress.done)
            return write_entities(
                api, checked, progress, note=note, advance=lambda count: bar.advance(task, count)
            )
    except NotReachable as error:
        detail = f"after {progress.done} of {len(checked.entities)} rows: {error}"
        raise CommandFailed(detail, exit=Exit.UNREACHABLE, todo="give the same command again") from error
    except Refused as error:
        todo = "check the key (--key or SAMSTAD_KEY), the tenant and the context"
        raise CommandFailed(f"the node refused: {error}", exit=Exit.UNREACHABLE, todo=todo) from error
    finally:
        api.close()


def _report(written: int, good: int, bad: Sequence[BadRow], *, dry_run: bool) -> str:
    lines = [f"row {one.number}: {one.field}: {one.why}" for one in bad[:_SHOWN]]
    if len(bad) > _SHOWN:
        lines.append(f"… and {len(bad) - _SHOWN} more; --json lists all")
    lines.append(f"{good} rows can be written" if dry_run else f"{written} rows written")
    return "\n".join([*lines, *([f"{len(bad)} refused"] if bad else [])])
