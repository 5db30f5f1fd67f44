"""Entities held against the city's models at the write (the ModelCheck port), tenant by tenant."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

from samstad_broker.service.broker import ModelCheck, no_model
from samstad_broker.service.model_breach import Breach, BreaksModel
from samstad_models.validation import Violation, default_checker
from samstad_ngsild.document import EntityDocument
from samstad_node.observe import Metrics
from samstad_node.pages import NotedBreach
from samstad_node.settings.derive import ModelMode

__all__ = ["ModelChecks"]

_ANY = "*"


class ModelChecks:
    """Warns or refuses as each tenant wishes.

    Args:
        modes: tenant → what is done; ``*`` stands for those that are not named.
        now_us: the clock.
        metrics: counts breaches by type.
        kept: how many breaches are kept for reading.

    Attributes:
        noted: the latest breaches, newest last.
    """

    def __init__(
        self, modes: Mapping[str, ModelMode], *, now_us: Callable[[], int], metrics: Metrics, kept: int
    ) -> None:
        self._modes = dict(modes)
        self._default = self._modes.get(_ANY, ModelMode.OFF)
        self._check = default_checker().check
        self._now_us = now_us
        self._counter = metrics.counter(
            "samstad_model_breaches_total",
            "Writes of entities that broke the model of their type.",
            ("tenant", "type", "outcome"),
        )
        self.noted: deque[NotedBreach] = deque(maxlen=kept)

    @property
    def port(self) -> ModelCheck:
        """What the broker asks: nothing at all where no tenant wants checks."""
        wanted = any(mode is not ModelMode.OFF for mode in self._modes.values())
        return self if wanted else no_model

    def __call__(self, tenant: str, document: EntityDocument) -> None:
        """Return when the document may be written.

        Raises:
            BreaksModel: it breaks its model and the tenant refuses that.
        """
        mode = self._modes.get(tenant, self._default)
        if mode is ModelMode.OFF:
            return
        violations = self._check(document)
        if violations:
            self._note(tenant, document, violations, refused=mode is ModelMode.REFUSE)
            if mode is ModelMode.REFUSE:
                raise BreaksModel([_breach(violation) for violation in violations])

    def readable(self, may_read: Callable[[str, str], bool]) -> Iterable[NotedBreach]:
        """Yield the latest breaches, newest first, of entities whose every type may be read in its tenant."""
        for noted in reversed(self.noted):
            if all(may_read(noted.tenant, entity_type) for entity_type in noted.entity_types):
                yield noted

    def _note(
        self, tenant: str, document: EntityDocument, violations: list[Violation], *, refused: bool
    ) -> None:
        outcome = "refused" if refused else "warned"
        for entity_type in {violation.entity_type for violation in violations}:
            self._counter.cell(tenant or "default", entity_type, outcome).count += 1
        problems = tuple(map(str, violations[:10]))
        types = tuple(document["type"])
        self.noted.append(NotedBreach(self._now_us(), tenant, document["id"], types, refused, problems))


def _breach(violation: Violation) -> Breach:
    inside = violation.pointer.removeprefix("/" + violation.attribute)
    if violation.problem == "missing":
        problem = f"is missing: its model needs it ({violation.allowed.rstrip('.')})"
    else:
        problem = f"breaks its model ({violation.problem}): must be {violation.allowed.rstrip('.')}"
    return Breach(violation.entity_type, violation.iri, violation.attribute, inside, problem)
