"""Stored @contexts (clause 5.13): hosted for clients, made by the node itself, or cached from the web."""

from __future__ import annotations

from samstad_broker.service.contexts.create import add_context
from samstad_broker.service.contexts.delete import delete_context
from samstad_broker.service.contexts.hosting import COLLECTION, ContextKind, Hosting
from samstad_broker.service.contexts.implicit import host_implicitly
from samstad_broker.service.contexts.listing import describe_context, list_contexts
from samstad_broker.service.contexts.restore import restore_contexts
from samstad_broker.service.contexts.serve import serve_context

__all__ = [
    "COLLECTION",
    "ContextKind",
    "Hosting",
    "add_context",
    "delete_context",
    "describe_context",
    "host_implicitly",
    "list_contexts",
    "restore_contexts",
    "serve_context",
]
