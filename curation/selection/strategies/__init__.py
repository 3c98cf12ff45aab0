"""Which of many scored responses make a pair: one strategy a file, on numbers alone.

A strategy sees scores, similarities and rarities in one fixed order, and of equal responses takes
the first: whoever calls it puts the responses into an order that does not depend on the input's
(`curation.selection.pairing`).
"""
