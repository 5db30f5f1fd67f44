"""Smart waste bins: fill levels, forecasts, collection plans, the crew, the follow-up."""
