"""A simulated street in SUMO: vehicles are the detectors, emulated controllers drive the lights."""
