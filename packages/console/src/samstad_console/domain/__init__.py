"""Pure: what a thing on the map is, how it fares, and which tile shows it."""
