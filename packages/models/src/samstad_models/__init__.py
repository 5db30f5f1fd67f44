"""samstad_models."""
