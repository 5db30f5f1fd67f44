"""The city's information architecture as data: types, schemas, contexts, texts, and two life cycles.

Modules: ``catalogue`` (types), ``schema``, ``contexts``, ``validation``, ``units``, ``glossary``,
``commands``, ``alerts``, ``hysteresis``, ``pages`` (what a node shows under ``/models``), ``generate``.
"""
