"""RSMP: the codec, the signal exchange list for traffic light controllers, and sessions of both roles."""
