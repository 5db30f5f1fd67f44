"""A traffic light controller that is real but for the lamps: signal groups, programs, detectors, safety."""
