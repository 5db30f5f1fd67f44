"""The administration API under ``/access/v1``."""
