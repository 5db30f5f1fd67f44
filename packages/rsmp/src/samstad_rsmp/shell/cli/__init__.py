"""The command ``samstad-rsmp``."""
