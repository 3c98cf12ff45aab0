"""Which of two replies is better by one criterion.

Reference: Pitis et al. (RPR, arXiv 2407.14916), context-conditioned preferences.
"""

from curation.prompts.choice import ComparisonPrompt


class ContextCompare(ComparisonPrompt):
    """Asks for A or B, in both orders.

    >>> CONTEXT_COMPARE.read("A"), CONTEXT_COMPARE.read("A is better").kind
    ('A', 'off_grammar')
    """

    name = "context_compare"
    version = 1
    grammar = '"A" | "B"'


CONTEXT_COMPARE = ContextCompare()
"""The prompt."""
