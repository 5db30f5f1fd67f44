"""What stands in for the world outside: in tests, and to try things."""
