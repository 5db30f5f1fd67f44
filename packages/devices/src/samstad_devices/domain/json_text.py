"""JSON that strangers send."""

from __future__ import annotations

from typing import Any

import orjson

from samstad_devices.domain.errors import MessageRefused

__all__ = ["read_json"]


def read_json(payload: bytes) -> Any:
    """Return the decoded text; raises MessageRefused where it is none."""
    try:
        return orjson.loads(payload)
    except orjson.JSONDecodeError as error:
        raise MessageRefused(f"The payload is no JSON: {error}.", pointer="") from None
