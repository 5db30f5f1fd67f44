"""Measures of how signals perform, as pure functions over streams of events; times are seconds."""
