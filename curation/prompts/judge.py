"""Judges of two replies, A and B: which one serves the user better.

The checklist judges decide by what this one user asked of a reply. The checklist is the preference
that a user's feedback was distilled into, `Comparison.checklist`; it is shown between the
conversation and the replies. It was written from what a user said, so it is as untrusted as the
rest: it says what to look at, and it cannot say how to decide. Without a checklist these judges
compare by the conversation alone.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), user-guided evaluation.
"""

import re
from collections.abc import Mapping

from curation.prompts.prompt import Prompt, Unparsed, dialogue
from curation.scoring.judge_prompt import LABELS, Comparison
from curation.scoring.judgement import FIRST, SECOND, TIE
from schemas.records import Message

VERDICTS = {"[[A]]": FIRST, "[[B]]": SECOND, "[[C]]": TIE}
"""What a judge may write, and what it says of the reply shown first."""

_LETTERS = dict(zip(LABELS, (FIRST, SECOND), strict=True))
_VERDICT = re.compile(r"\[\[[^\[\]]{0,20}\]\]")


class JudgePrompt(Prompt[str]):
    """Asks which of two replies is better; the answer is a verdict on the one shown as A.

    A subclass says by `answers` what may be answered, and which verdict it is: `first`, `second`
    or `tie` of `curation.scoring.judgement`.
    """

    version = 1
    answers: Mapping[str, str]

    def __init__(self, name: str) -> None:
        self.name = name

    def orders(self, comparison: Comparison) -> tuple[list[Message], list[Message]]:
        """The messages for a judge with the first reply as A, and with the second as A."""
        return self._about(comparison), self._about(comparison.swapped())

    def read(self, text: str) -> str | Unparsed:
        """The verdict, where nothing but an answer was written.

        >>> LOGIT_JUDGE.read("A"), LOGIT_JUDGE.read("A is better").kind
        ('first', 'off_grammar')
        """
        return self.answers.get(text) or self.unparsed()

    def _about(self, comparison: Comparison) -> list[Message]:
        prompt, first, second, checklist = comparison
        known = [("checklist of the user", checklist)] if checklist else []
        replies = [("reply A", first), ("reply B", second)]
        return self.messages([*dialogue(prompt), *known, *replies])


class LetterJudge(JudgePrompt):
    """A judge that is asked how likely the two letters are, or for one of them."""

    grammar = '"A" | "B"'
    answers = _LETTERS


class VerdictJudge(JudgePrompt):
    """A judge whose answer is held to the three verdicts (`Guide.choices`).

    Not every backend can hold an answer to a list, so it is read like one with reasons.
    """

    grammar = (
        '"[[A]]" | "[[B]]" | "[[C]]"; lines before it are passed over if nothing in them stands in '
        "double square brackets"
    )
    answers = VERDICTS

    def read(self, text: str) -> str | Unparsed:
        """The verdict on the last line, if there is no other one.

        >>> VERDICT_JUDGE.read("[[C]]"), VERDICT_JUDGE.read("[[A]] or [[B]]").kind
        ('tie', 'off_grammar')
        """
        return last_verdict(text) or self.unparsed()


class ReasonedJudge(VerdictJudge):
    """A judge that gives reasons first.

    >>> REASONED_JUDGE.read("A is right, B is not.\\n[[A]]")
    'first'
    """

    grammar = (
        '[reasons, line break], ("[[A]]" | "[[B]]" | "[[C]]"); nothing in the reasons stands in '
        "double square brackets"
    )


def last_verdict(text: str) -> str | None:
    """The verdict that is all of a text's last line, if no other one stands in the text.

    Output: `first`, `second` or `tie`, said of the reply shown as A; None where there is none.

    >>> last_verdict("B is wrong.\\n[[A]]"), last_verdict("The better one is A.")
    ('first', None)
    >>> last_verdict("It says [[B]], but it is wrong.\\n[[A]]") is None
    True
    """
    last_line = text.strip().rpartition("\n")[2].strip()
    return VERDICTS.get(last_line) if len(_VERDICT.findall(text)) == 1 else None


LOGIT_JUDGE = LetterJudge("logit_judge")
"""The prompt for `curation.scoring.judge.logit_requests`: the likelihood of the two letters."""
REASONED_JUDGE = ReasonedJudge("reasoned_judge")
"""The prompt of a judge that gives reasons first."""
VERDICT_JUDGE = VerdictJudge("verdict_judge")
"""The prompt of a judge that writes its verdict alone."""

CHECKLIST_JUDGE = LetterJudge("checklist_judge")
"""The logit judge by the user's checklist."""
CHECKLIST_REASONED_JUDGE = ReasonedJudge("checklist_reasoned_judge")
"""The same with reasons first."""
CHECKLIST_VERDICT_JUDGE = VerdictJudge("checklist_verdict_judge")
"""The same with a verdict alone."""
