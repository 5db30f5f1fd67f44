"""What holds of bins by itself: no I/O, no clock, no chance."""
