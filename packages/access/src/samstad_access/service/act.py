"""Who does something administrative, when and why: what every use case needs and the audit trail keeps."""

from __future__ import annotations

import msgspec

from samstad_access.domain.audit import Outcome
from samstad_access.service.trail import Trail

__all__ = ["Act"]


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One administrative act.

    Attributes:
        who: the id of the principal who does it; ``local`` for the command line.
        now_us: when.
        reason: why, in their words.
        request_id: joins audit and request log.
    """

    who: str
    now_us: int
    reason: str = ""
    request_id: str = ""

    def note(self, trail: Trail, what: str, target: str, *, outcome: Outcome = Outcome.ALLOWED) -> None:
        """Write it into the trail."""
        trail.note(
            who=self.who,
            what=what,
            at_us=self.now_us,
            outcome=outcome,
            target=target,
            reason=self.reason,
            request_id=self.request_id,
        )
