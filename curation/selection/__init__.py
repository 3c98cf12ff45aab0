"""Which measured pairs are kept."""
