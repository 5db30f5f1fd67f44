"""Property tests have no deadline: a busy machine says nothing about them."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
