"""The read model, fed by one subscription."""
