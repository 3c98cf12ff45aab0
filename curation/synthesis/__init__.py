"""How a missing side of a pair is written."""
