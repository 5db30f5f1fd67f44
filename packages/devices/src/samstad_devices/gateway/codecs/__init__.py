"""Codecs in JavaScript, run by QuickJS in processes of their own."""

from samstad_devices.gateway.codecs.limits import CodecLimits
from samstad_devices.gateway.codecs.pool import CodecPool

__all__ = ["CodecLimits", "CodecPool"]
