"""Access joined to the node: its settings, store and audit trail, and the issuer's keys in the background."""

from __future__ import annotations

from pathlib import Path

from samstad_access import Access, Surroundings
from samstad_access.errors import AccessError, BadInput
from samstad_access.gateway.jwks import key_refresh
from samstad_access.service.key_refresh import KeyRefresh
from samstad_access.spi.sinks import Attention
from samstad_access.store.sqlite.store import SqliteStore as AccessStore
from samstad_broker.service.broker import Broker
from samstad_node.audit_log import AuditLog
from samstad_node.settings.problems import SettingProblem, SettingsRefused
from samstad_node.supervisor.role import RoleContext

__all__ = ["KEYS_FILE", "build_access", "build_key_refresh", "keep_keys"]

KEYS_FILE = "access-keys.json"
"""The issuer's keys as they were fetched last: its logins outlive it by them (I1)."""


def build_access(context: RoleContext, broker: Broker) -> Access:
    """Return access as the settings want it.

    Raises:
        SettingsRefused: a setting of the section means nothing to access.
        PolicyRefused, OSError, UnicodeDecodeError: the policy file is wrong or cannot be read.
    """
    settings = context.settings.access
    audit = AuditLog(broker)

    def tell(attention: Attention) -> None:
        context.log.warning(attention.detail, attention=attention.name, severity=str(attention.severity))

    # Read once, at the start: a policy that cannot be read must not leave the node open.
    policy = Path(settings.policy).read_text(encoding="utf-8") if settings.policy else ""
    store = AccessStore(context.data / "access.db")
    surroundings = Surroundings(store=store, audit=audit, attention=tell, head=audit.head(), policy=policy)
    try:
        return Access(settings, surroundings)
    except BadInput as error:
        raise _refused(error, "access") from error


def build_key_refresh(context: RoleContext, access: Access) -> KeyRefresh | None:
    """Return what keeps the issuer's keys, with those of the last time taken up; None without an issuer.

    Raises:
        SettingsRefused: a place for keys without an issuer, an issuer without one, or a URL without https.
    """
    settings = context.settings.access
    if not settings.issuer:
        if settings.jwks:
            raise _refused(BadInput("Keys need the issuer whose they are: set access.issuer."), "access.jwks")
        return None
    try:
        keys = key_refresh(settings, access, cache=context.data / KEYS_FILE)
    except AccessError as error:
        raise _refused(error, "access.jwks") from error
    keys.load(now_us=context.clock.now_us())
    return keys


async def keep_keys(context: RoleContext, keys: KeyRefresh) -> None:
    """Ask for the issuer's keys when it is time, until cancelled."""
    clock = context.clock

    async def sleep(seconds: float) -> None:
        await clock.sleep_until(clock.now_us() + round(seconds * 1_000_000))

    await keys.run(now_us=clock.now_us, sleep=sleep)


def _refused(error: AccessError, key: str) -> SettingsRefused:
    return SettingsRefused([SettingProblem(error.pointer or key, "settings", error.detail)])
