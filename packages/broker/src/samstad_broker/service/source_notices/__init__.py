"""Telling subscribers which context sources there are (clause 5.11)."""

from __future__ import annotations

from samstad_broker.service.source_notices.interests import interests_of
from samstad_broker.service.source_notices.notifying import COLLECTION, SourceNotices, SourceNoticeSettings

__all__ = ["COLLECTION", "SourceNoticeSettings", "SourceNotices", "interests_of"]
