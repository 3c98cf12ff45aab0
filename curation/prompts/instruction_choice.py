"""Which of two requests a reply was written for: a question that is trained on, and never asked."""

from curation.prompts.prompt import Template


class InstructionChoice(Template):
    """Shows a conversation, a reply and two requests as `data`; it is a row's prompt."""

    name = "instruction_choice"
    version = 1


INSTRUCTION_CHOICE = InstructionChoice()
"""The template."""
