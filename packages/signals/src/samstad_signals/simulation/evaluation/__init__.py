"""Controllers compared on the same scenario, with the same seeds, under the same monitor."""
