"""What a user wants, put into words by a model that reads the request and the complaints.

The answer is a preference and a checklist, in lines or as JSON; both forms are read.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3.2; checklists of at most four
yes/no items as in CUPID (arXiv 2508.01674).
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from curation.feedback.preference import MAX_PREFERENCE, clean_words
from curation.prompts.prompt import Prompt, Unparsed
from schemas.records import Message

MAX_ITEMS = 4
"""Most items of a checklist."""
MAX_ITEM = 200
"""Longest item of a checklist, in characters."""

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "preference": {"type": "string", "minLength": 1, "maxLength": MAX_PREFERENCE},
            "checklist": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": MAX_ITEM},
                "minItems": 1,
                "maxItems": MAX_ITEMS,
            },
        },
        "required": ["preference", "checklist"],
        "additionalProperties": False,
    }
)
"""JSON schema that a guided answer is held to."""


class Summary(NamedTuple):
    """What a model says that a user wants."""

    preference: str
    """One line."""
    checklist: tuple[str, ...]
    """One to `MAX_ITEMS` questions, whose answer is yes for a reply as the user wants it."""

    @property
    def rubric(self) -> str:
        """Both as text, for `PreferencePair.rubric`.

        >>> print(Summary("Short answers.", ("Is it one sentence?",)).rubric)
        Preference: Short answers.
        Checklist:
        - Is it one sentence?
        """
        items = "\n".join(f"- {item}" for item in self.checklist)
        return f"Preference: {self.preference}\nChecklist:\n{items}"


class DistilPrompt(Prompt[Summary]):
    """Asks what the user wants."""

    name = "distil"
    version = 1
    grammar = (
        f'"Preference: " TEXT, then 1 to {MAX_ITEMS} lines "- " TEXT "?"; or JSON of the schema '
        f"{SCHEMA}; a preference of at most {MAX_PREFERENCE} characters, items of at most "
        f"{MAX_ITEM}"
    )

    def about(self, feedback: Sequence[str], guided: bool = False) -> list[Message]:
        """Ask about a request and the complaints that came after it, in order.

        Parameters: `guided`, whether JSON is asked for.

        >>> "one JSON object" in DISTIL.about(["Hi", "Too long!"], guided=True)[1].content
        True
        """
        titles = ["request", *(f"complaint {i}" for i in range(1, len(feedback)))]
        return self.messages(list(zip(titles, feedback, strict=True)), guided=guided)

    def read(self, text: str) -> Summary | Unparsed:
        """A summary of harmless lines (`curation.feedback.preference.clean_words`).

        >>> DISTIL.read("Preference: Short answers.\\n- Is it one sentence?")
        Summary(preference='Short answers.', checklist=('Is it one sentence?',))
        >>> DISTIL.read("The user wants short answers.").kind
        'off_grammar'
        """
        found = _from_json(text) if text.startswith("{") else _from_lines(text)
        if found is None:
            return self.unparsed()
        preference, items = clean_words(found[0]), [clean_words(item) for item in found[1]]
        if not preference or len(preference) > MAX_PREFERENCE or not 1 <= len(items) <= MAX_ITEMS:
            return self.unparsed()
        if not all(item and len(item) <= MAX_ITEM for item in items):
            return self.unparsed()
        return Summary(preference, tuple(dict.fromkeys(items)))


def _from_json(text: str) -> tuple[str, list[str]] | None:
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict) or value.keys() != {"preference", "checklist"}:
        return None
    preference, items = value["preference"], value["checklist"]
    if not isinstance(preference, str) or not isinstance(items, list):
        return None
    return (preference, items) if all(isinstance(item, str) for item in items) else None


def _from_lines(text: str) -> tuple[str, list[str]] | None:
    first, *items = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    name, colon, preference = first.partition(":")
    if name != "Preference" or not colon or not all(item.startswith("- ") for item in items):
        return None
    questions = [item.removeprefix("- ") for item in items]
    return (preference, questions) if all(q.endswith(("?", "？")) for q in questions) else None


DISTIL = DistilPrompt()
"""The prompt."""
