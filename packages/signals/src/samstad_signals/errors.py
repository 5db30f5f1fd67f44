"""What is wrong with a request to the role."""

from __future__ import annotations

__all__ = ["RequestRefused"]


class RequestRefused(ValueError):
    """A request does not say what is needed; the sentence tells what it must say."""
