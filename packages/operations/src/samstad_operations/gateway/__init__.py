"""Ways to people: e-mail and webhooks."""
