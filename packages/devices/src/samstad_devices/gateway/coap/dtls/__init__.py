"""The server's side of DTLS 1.2 with pre-shared keys (RFC 6347, 4279, 6655): bytes in, bytes and events out.

Only what CoAP and LwM2M demand of small devices is here: two cipher suites, no certificates, no
renegotiation, no session resumption. Whatever else a client offers is refused.
"""

from __future__ import annotations

from samstad_devices.gateway.coap.dtls.session import Session, answer_to_stranger

__all__ = ["Session", "answer_to_stranger"]
