"""The HTTP interface of the role, below ``/signals/v1``: junctions, who controls them, alarms, commands."""
