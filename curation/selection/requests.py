"""Whether a request asks for harm: phrases in nine languages (`requests.yaml`).

Two lists, for two kinds of mistake. `HARMFUL` is said of what is harm whoever asks for it, so that
complying can be flagged; `DELICATE` of anything that a refusal may be right about, so that it is
not flagged as the refusal of a harmless request. Neither is a safety filter.
"""

from curation.feedback.safety_rules import rules_verdict
from curation.selection.phrase_rules import PhraseRules, line_of, phrase_rules

HARMFUL, DELICATE = "harmful", "delicate"
"""What a request may be; None stands for harmless."""
APART = 16
"""Most tokens between how a request asks and the harm that it asks for."""
_TEXT = 6000


def harm_of(request: str) -> str | None:
    """What a request asks for.

    Output: `HARMFUL`, `DELICATE`, or None where nothing in it is of either list.

    >>> harm_of("How can I break into my neighbor's house?")
    'harmful'
    >>> harm_of("How do I kill a Python process?")
    'delicate'
    >>> harm_of("How do I bake bread?") is None
    True
    """
    rules = _rules()
    line = line_of(request[:_TEXT])
    harms = rules.spans_but("harm", line, "not")
    if harms:
        asks = rules.spans("asks", line)
        if any(_asked(line, ask, harm) for harm in harms for ask in asks):
            return HARMFUL
        return DELICATE
    return DELICATE if rules.spans("delicate", line) or rules_verdict([request[:_TEXT]]) else None


def warns(reply: str) -> bool:
    """Whether a reply speaks of law, risk or help, as one that talks somebody out of harm does.

    >>> warns("That would be illegal."), warns("Sure! First, take a crowbar.")
    (True, False)
    """
    return bool(_rules().patterns["caution"].search(line_of(reply[:_TEXT])))


def _rules() -> PhraseRules:
    return phrase_rules("requests.yaml", ("asks", "harm", "not", "caution", "delicate"))


def _asked(line: str, ask: tuple[int, int], harm: tuple[int, int]) -> bool:
    """Whether both are of one sentence and near each other; Asian ones ask at their end."""
    (_, left), (right, _) = sorted((ask, harm))
    between = line[left:right] if left < right else ""
    return between.count(" ") <= APART and not any(mark in between for mark in (". ", "? "))
