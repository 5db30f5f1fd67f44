"""The errors that NGSI-LD defines, as one tree (CIM 009 v1.9.1, clauses 5.5.2, 5.5.3 and 6.3.2).

    NgsiLdError
    ├── BadRequestData          400  the content is wrong for the operation
    ├── InvalidRequest          400  the request itself is wrong: no JSON, a bad parameter
    ├── ResourceNotFound        404
    ├── NonexistentTenant       404
    ├── AlreadyExists           409
    ├── Conflict                409  another registration or a concurrent write stands in the way
    ├── OperationNotSupported   422
    ├── TooComplexQuery         403
    ├── TooManyResults          403
    ├── InternalError           500
    ├── NoMultiTenantSupport    501
    ├── LdContextNotAvailable   504
    └── LoopDetected            508  clause 6.3.18

The status belongs to the HTTP binding (clause 6.3.2) and stands here so that the server and the
client read one table.
"""

from __future__ import annotations

from typing import Any, ClassVar

__all__ = [
    "ERRORS_BY_TYPE",
    "AlreadyExists",
    "BadRequestData",
    "Conflict",
    "InternalError",
    "InvalidRequest",
    "LdContextNotAvailable",
    "LoopDetected",
    "NgsiLdError",
    "NoMultiTenantSupport",
    "NonexistentTenant",
    "OperationNotSupported",
    "ResourceNotFound",
    "TooComplexQuery",
    "TooManyResults",
]

_ERROR_BASE = "https://uri.etsi.org/ngsi-ld/errors/"


class NgsiLdError(Exception):
    """An error that a client is told about as problem details (RFC 9457).

    Args:
        detail: what was wrong, where, and what to do about it, as sentences for a person.
        pointer: where in the input: a JSON pointer (``/temperature/observedAt``) or a parameter name (``q``).
        members: further members of the problem details, such as ``position`` in a query string.
    """

    type: ClassVar[str] = _ERROR_BASE + "InternalError"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500

    def __init__(self, detail: str, *, pointer: str | None = None, **members: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.members = members

    def problem(self) -> dict[str, Any]:
        """Return the problem details as clause 5.5.3 wants them, with ``pointer`` where it is known."""
        body: dict[str, Any] = {
            "type": self.type,
            "title": self.title,
            "detail": self.detail,
            "status": self.status,
        }
        if self.pointer is not None:
            body["pointer"] = self.pointer
        body.update(self.members)
        return body


class BadRequestData(NgsiLdError):
    """The request holds data that the operation cannot take."""

    type = _ERROR_BASE + "BadRequestData"
    title = "Bad request data"
    status = 400


class InvalidRequest(NgsiLdError):
    """The request is not one: malformed JSON, an unknown parameter value, incompatible parameters."""

    type = _ERROR_BASE + "InvalidRequest"
    title = "Invalid request"
    status = 400


class ResourceNotFound(NgsiLdError):
    """The entity, attribute, subscription or other resource is not known."""

    type = _ERROR_BASE + "ResourceNotFound"
    title = "Resource not found"
    status = 404


class NonexistentTenant(NgsiLdError):
    """The tenant is not known, or not to this caller (clause 5.5.10, invariant I6)."""

    type = _ERROR_BASE + "NonexistentTenant"
    title = "Nonexistent tenant"
    status = 404


class AlreadyExists(NgsiLdError):
    """The resource to create exists already."""

    type = _ERROR_BASE + "AlreadyExists"
    title = "Already exists"
    status = 409


class Conflict(NgsiLdError):
    """The operation conflicts with a registration or with a write that came first."""

    type = _ERROR_BASE + "Conflict"
    title = "Conflict"
    status = 409


class OperationNotSupported(NgsiLdError):
    """The operation is not supported for this resource."""

    type = _ERROR_BASE + "OperationNotSupported"
    title = "Operation not supported"
    status = 422


class TooComplexQuery(NgsiLdError):
    """The query would cost more than the node gives to one request (invariant I5)."""

    type = _ERROR_BASE + "TooComplexQuery"
    title = "Too complex query"
    status = 403


class TooManyResults(NgsiLdError):
    """The result is larger than one response may be; ask with ``limit``."""

    type = _ERROR_BASE + "TooManyResults"
    title = "Too many results"
    status = 403


class InternalError(NgsiLdError):
    """A fault of the node itself."""


class NoMultiTenantSupport(NgsiLdError):
    """The server knows no tenants."""

    type = _ERROR_BASE + "NoMultiTenantSupport"
    title = "No multi-tenant support"
    status = 501


class LdContextNotAvailable(NgsiLdError):
    """A remote @context cannot be had (clause 5.5.6)."""

    type = _ERROR_BASE + "LdContextNotAvailable"
    title = "@context not available"
    status = 504


class LoopDetected(NgsiLdError):
    """The request has passed this context source before (clause 6.3.18)."""

    type = _ERROR_BASE + "LoopDetected"
    title = "Loop detected"
    status = 508


ERRORS_BY_TYPE: dict[str, type[NgsiLdError]] = {
    cls.type: cls
    for cls in (
        BadRequestData,
        InvalidRequest,
        ResourceNotFound,
        NonexistentTenant,
        AlreadyExists,
        Conflict,
        OperationNotSupported,
        TooComplexQuery,
        TooManyResults,
        InternalError,
        NoMultiTenantSupport,
        LdContextNotAvailable,
        LoopDetected,
    )
}
