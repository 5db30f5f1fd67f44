"""Adaptive control that runs at the junction: pure, asked once a second, above the controller's own safety."""
