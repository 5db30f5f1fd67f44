"""Endpoints below /waste/v1."""
