"""Adaptive control that runs at the junction: pure, asked once a second, above a controller's safety."""
