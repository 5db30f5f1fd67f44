"""PyVRP, in a process of its own: a search holds its core for as long as it lasts."""
