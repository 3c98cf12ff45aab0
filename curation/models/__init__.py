"""Language models: what they can be asked, and the backends that answer."""
