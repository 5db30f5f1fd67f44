"""The services of the node at its broker: keys of their own, and the gate before them."""

from __future__ import annotations

from samstad_access import Access, Act, Binding, PrincipalRecord
from samstad_access.errors import NotFound
from samstad_node.gate import Services
from samstad_node.neighbours import Neighbours, broker_key, gate_secret
from samstad_node.plugins import installed
from samstad_node.supervisor.role import RoleContext

__all__ = ["admit_services", "build_services", "service_names"]

_KEY_NAME = "node"


def service_names(context: RoleContext) -> list[str]:
    """Return the services that this node is to run."""
    wanted = context.settings.roles.run
    return [name for name in installed() if name in wanted or "all" in wanted]


def build_services(context: RoleContext, neighbours: Neighbours) -> Services:
    """Return the services as the gate sees them."""
    names = service_names(context)
    return Services(names, neighbours, {name: gate_secret(context.data, name) for name in names})


def admit_services(context: RoleContext, access: Access) -> None:
    """Let each service in by a key of its own, which lies where the service alone looks for it.

    A principal that an administrator has changed or disabled stays as it is.
    """
    for name in service_names(context):
        act = Act(who="node:start", now_us=context.clock.now_us(), reason=f"the service {name} runs here")
        _admit(context, access, name, act)


def _admit(context: RoleContext, access: Access, name: str, act: Act) -> None:
    principal = f"service:{name}"
    try:
        access.principals.get(principal)
    except NotFound:
        binding = Binding(role="service", tenants=("*",))
        access.principals.create(
            act, PrincipalRecord(id=principal, name=f"The service {name}", bindings=(binding,))
        )
    file = broker_key(context.data, name)
    known = [key for key in access.keys.list_records(principal=principal) if key.name == _KEY_NAME]
    valid = [key for key in known if key.counts(now_us=act.now_us)]
    if any(f"_{key.id}_" in file.read() for key in valid):
        return
    for key in valid:
        access.keys.revoke(act, key.id)
    file.write(access.keys.create(act, principal, name=_KEY_NAME).text)
