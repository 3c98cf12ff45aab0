"""How a pair is measured: follow-up likelihood, CHES."""
