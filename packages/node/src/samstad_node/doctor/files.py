"""Looks at what a node keeps: whether this release can open it, and whether it reads back as written."""

from __future__ import annotations

from collections.abc import Iterator

from samstad_access.domain.audit import verify
from samstad_broker.spi.store import StoreError
from samstad_broker.store.sqlite.log_reader import LogReader
from samstad_broker.store.sqlite.settings import SqliteSettings
from samstad_broker.store.sqlite.stretch import Stretch, find_stretches
from samstad_broker.store.sqlite.verification import verify_files
from samstad_node.doctor.finding import Finding, State
from samstad_node.doctor.patient import Patient
from samstad_node.keeping.audit_trail import NoTrail, audit_entries
from samstad_node.keeping.places import BROKER
from samstad_node.keeping.schemas import Verdict, databases_of

__all__ = ["look_at_audit", "look_at_everything_kept", "look_at_schemas"]

_RESTORE = "stop the node, keep this directory aside, and restore the last backup into a new one"


def look_at_schemas(patient: Patient) -> Iterator[Finding]:
    """See whether this release can open every database."""
    found = databases_of(patient.data) if patient.data.is_dir() else []
    for database in found:
        if database.verdict is Verdict.TOO_NEW:
            steps = f"{database.has} steps of its schema, {database.known} are known here"
            detail = f"{database.path} is of a newer release: {steps}"
            yield Finding(
                "release", State.WRONG, detail, "start the newer release, or restore an older backup"
            )
        elif database.verdict is Verdict.UNREADABLE:
            yield Finding(
                "release", State.WRONG, f"{database.path} is no database that can be read", _RESTORE
            )


def look_at_everything_kept(patient: Patient) -> Iterator[Finding]:
    """Read log, projections and history whole; the node may serve meanwhile."""
    broker = patient.data / BROKER
    if not broker.is_dir():
        return
    settings = SqliteSettings()
    try:
        stretches = _ended(settings, find_stretches(broker / "log"))
        head = max((stretch.before._replace(number=stretch.last or 0) for stretch in stretches), default=None)
        if head is None:
            return
        read = verify_files(broker, settings, stretches=stretches, head=head)
    except (OSError, StoreError) as error:
        yield Finding("files", State.WRONG, str(error), _RESTORE)
        return
    for problem in read.problems:
        yield Finding("files", State.WRONG, problem, _RESTORE)
    if not read.problems:
        detail = (
            f"{read.rows} rows, {read.databases} databases and {read.history_files} history files read back"
        )
        yield Finding("files", State.OK, detail)


def _ended(settings: SqliteSettings, stretches: list[Stretch]) -> list[Stretch]:
    reader = LogReader(settings)
    try:
        return [one._replace(last=reader.last_position(one).number) for one in stretches]
    finally:
        reader.close()


def look_at_audit(patient: Patient) -> Iterator[Finding]:
    """Prove the audit chain from its first entry."""
    if not (patient.data / BROKER).is_dir():
        return
    try:
        found = verify(audit_entries(patient.data))
    except (NoTrail, OSError, StoreError) as error:
        yield Finding("audit", State.WRONG, str(error), _RESTORE)
        return
    if found.ok:
        yield Finding("audit", State.OK, f"{found.head.number} entries are in order")
    else:
        todo = "see samstad audit check: history may have been given up, or somebody changed it"
        yield Finding("audit", State.WARNING, str(found.fault), todo)
