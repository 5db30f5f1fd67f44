"""Keeping a node's data: backup, restore, export, and whether this release can open it."""
