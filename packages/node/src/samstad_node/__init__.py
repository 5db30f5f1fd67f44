"""samstad_node."""
