"""Whether a preference would weaken safety, asked of a judge in words.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.3 and limitations.
"""

from curation.prompts.choice import ChoicePrompt


class SafetyPrompt(ChoicePrompt):
    """Asks whether it is safe to teach an assistant what a user wants.

    >>> SAFETY.read("unsafe"), SAFETY.read("I think it is safe.").kind
    ('unsafe', 'off_grammar')
    """

    name = "safety"
    version = 1
    grammar = '"safe" | "unsafe"'
    choices = ("safe", "unsafe")


SAFETY = SafetyPrompt()
"""The prompt."""
