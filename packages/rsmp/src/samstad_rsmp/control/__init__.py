"""Adaptive control that runs at the junction: pure, asked once a second, always above the controller's own safety."""
