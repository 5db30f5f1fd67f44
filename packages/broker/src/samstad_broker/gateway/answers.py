"""What the status of an HTTP answer means for a notification (clause 5.8.6).

| status                     | result      | why                                                             |
|----------------------------|-------------|-----------------------------------------------------------------|
| 2xx                        | delivered   | the text of the clause says 200; 201, 202 and 204 mean the same |
| 429, 502, 503, 504         | unreachable | the endpoint as a whole takes nothing now                       |
| 408, 425, other 5xx        | failed      | this notification was not taken now                             |
| 400, 413, 422              | refused     | this content will never be taken                                |
| other 4xx, 3xx             | refused     | the endpoint is wrong; redirects are not followed               |
"""

from __future__ import annotations

from samstad_broker.spi.notifier import Outcome, Result

__all__ = ["outcome_of_status"]

_UNREACHABLE = frozenset({429, 502, 503, 504})
_FAILED = frozenset({408, 425})
_OF_CONTENT = frozenset({400, 413, 422})
_MOST_WAIT_S = 3_600
_DELIVERED = Outcome(Result.DELIVERED)
_OK = 200
_REDIRECTS = 300
_SERVER_ERRORS = 500


def outcome_of_status(status: int, retry_after: str | None = None) -> Outcome:
    """Return the outcome of an answer; ``retry_after`` is the header, of which seconds are understood."""
    if _OK <= status < _REDIRECTS:
        return _DELIVERED
    wait_us = _wait_us(retry_after)
    if status in _UNREACHABLE:
        return Outcome(Result.UNREACHABLE, str(status), wait_us)
    if status in _FAILED or status >= _SERVER_ERRORS:
        return Outcome(Result.FAILED, str(status), wait_us)
    return Outcome(Result.REFUSED, str(status), of_content=status in _OF_CONTENT)


def _wait_us(retry_after: str | None) -> int:
    if retry_after is None or not retry_after.isascii() or not retry_after.isdigit():
        return 0
    return min(int(retry_after[:9]), _MOST_WAIT_S) * 1_000_000
