"""samstad_access."""
