"""How ONE record or ONE batch is judged: pure Python and torch, without Beam."""
