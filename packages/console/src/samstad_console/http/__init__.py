"""Tiles, lists, the stream of changes, and the built web part."""
