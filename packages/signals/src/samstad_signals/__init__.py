"""Traffic signals: controllers as entities, alarms, plans, operator commands, measures, adaptive control."""
