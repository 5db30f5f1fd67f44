"""The @context: how names become IRIs and back (CIM 009 v1.9.1, clauses 4.4, 5.5.5, 5.5.6 and 5.5.7)."""

from __future__ import annotations

from samstad_ngsild.context.core import CORE_CONTEXT_URI, core_context_document, is_core_context_url
from samstad_ngsild.context.documents import ContextDocument
from samstad_ngsild.context.loader import ContextLimits, LoadedContext, Loader
from samstad_ngsild.context.names import CORE, Context, ContextSource, compile_context
from samstad_ngsild.context.resolver import ContextResolver

__all__ = [
    "CORE",
    "CORE_CONTEXT_URI",
    "Context",
    "ContextDocument",
    "ContextLimits",
    "ContextResolver",
    "ContextSource",
    "LoadedContext",
    "Loader",
    "compile_context",
    "core_context_document",
    "is_core_context_url",
]
