"""What is true of devices without any I/O; time is an argument."""
