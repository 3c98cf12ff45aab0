"""What a set of preference pairs gives away by form, position, words and provenance."""
