"""What a policy model is told of a user before it answers again, in its system prompt.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.
"""

from curation.prompts.prompt import Template


class WildFeedbackHint(Template):
    """A distilled preference, and the line that keeps the answer safe; what is written is a reply.

    >>> HINT.about("Be brief.").splitlines()[1]
    'Be brief.'
    """

    name = "wildfeedback_hint"
    version = 1

    def about(self, hint: str) -> str:
        """The text of the system message.

        Input: a preference as one harmless line (`curation.feedback.preference`).
        """
        return self.block("system", hint=hint)


HINT = WildFeedbackHint()
"""The template."""
