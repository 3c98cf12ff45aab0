"""What the judge of user turns is told, in both of its forms, and its rubric as text.

Both forms share their templates up to the question at the end.

Reference: Shi et al., WildFeedback (arXiv 2408.15549), section 3; Lin et al., SPUR
(arXiv 2403.12388), section 3.3: the model applies a rubric to each user utterance.
"""

from collections.abc import Mapping, Sequence

from curation.feedback.rubric import RubricItem, of_polarity
from curation.prompts.prompt import Template
from schemas.ids import content_id
from schemas.records import POLARITIES, RELATIONS, STATES, Message

_HEADINGS = {"satisfaction": "satisfied:", "dissatisfaction": "dissatisfied:"}


class TurnJudgeTemplate(Template):
    """A form of the judge."""

    version = 1

    def about(
        self, rubric: Mapping[str, RubricItem], parts: str, mark: str, turns: Sequence[int]
    ) -> list[Message]:
        """The messages for the judge.

        Parameters: parts: the turns with their headings (`curation.feedback.turn_judge_view`);
        mark: what the headings begin with; turns: numbers of the turns to judge.

        >>> from curation.feedback.rubric import RUBRIC
        >>> asked = BY_LIKELIHOOD.about(RUBRIC, "## turn 2, user\\nThanks!", "##", [2])
        >>> "Judge the user turns 2." in asked[1].content
        True
        """
        listed = ", ".join(map(str, turns))
        return self.render(rubric=rubric_text(rubric), mark=mark, parts=parts, turns=listed)

    def identity_with(self, rubric: Mapping[str, RubricItem]) -> str:
        """Name, version and content hash of the template and a rubric.

        >>> from curation.feedback.rubric import RUBRIC
        >>> BY_LIKELIHOOD.identity_with(RUBRIC).partition("@")[0]
        'turn_judge_likelihood-v1'
        """
        name = self.identity.partition("@")[0]
        return f"{name}@{content_id(self.identity, rubric_text(rubric))[:12]}"


class TurnJudgeLikelihood(TurnJudgeTemplate):
    """The form whose answers are not written: each line of the grammar is scored.

    `curation.feedback.turn_judge_likelihood` lists the lines and reads their likelihoods.
    """

    name = "turn_judge_likelihood"
    grammar = (
        'for each turn, lines: "Turn " NUMBER ( " satisfied: " KIND | " dissatisfied: " KIND | '
        f'" state: " STATE | " relation: " RELATION ); KIND is "no" or a kind of that polarity in '
        f"the rubric; STATE is {' | '.join(STATES)}; RELATION is {' | '.join(RELATIONS)}"
    )


def rubric_text(rubric: Mapping[str, RubricItem]) -> str:
    """A rubric as the judge reads it, satisfaction first.

    >>> print(rubric_text({"praise": RubricItem("praise", "satisfaction", "Likes it.", "")}))
    satisfied:
    - praise: Likes it.
    dissatisfied:
    """
    lines = []
    for polarity in POLARITIES:
        lines.append(_HEADINGS[polarity])
        lines += [f"- {item.name}: {item.definition}" for item in of_polarity(rubric, polarity)]
    return "\n".join(lines)


BY_LIKELIHOOD = TurnJudgeLikelihood()
"""The form for a backend that tells likelihoods."""
