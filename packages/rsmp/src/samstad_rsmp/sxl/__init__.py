"""The signal exchange list for traffic light controllers (TLC SXL) 1.0.7 to 1.2.1 as a typed table."""
