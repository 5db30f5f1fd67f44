"""What happens with messages and devices."""
