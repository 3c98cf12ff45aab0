"""Feedback that users give on replies in their next turn, and the pairs that follow from it."""
