"""Which family a model belongs to, by its name, and whether a judge judges its own.

Reference: Panickssery et al., LLM Evaluators Recognize and Favor Their Own Generations
(arXiv 2404.13076).
"""

import re
from collections.abc import Sequence
from functools import lru_cache

_KNOWN = (
    "gpt", "claude", "gemini", "gemma", "palm", "llama", "qwen", "qwq", "mixtral", "mistral",
    "deepseek", "phi", "yi", "command", "falcon", "olmo", "tulu", "smollm", "internlm", "baichuan",
    "chatglm", "glm", "vicuna", "zephyr", "wizardlm", "nemotron", "grok", "pythia", "mpt", "koala",
    "starling", "solar", "granite",
)  # fmt: skip
_SAME = {"davinci": "gpt", "curie": "gpt", "mixtral": "mistral", "qwq": "qwen", "chatglm": "glm"}
_WORDS = re.compile(r"[a-z]+")
_JUDGES = ("judge", "scorer", "annotator")
_WRITERS = ("policy", "expert", "writer")


@lru_cache(maxsize=1024)
def family_of(model: str) -> str | None:
    """The family of a model by its name; None for a name without a letter.

    >>> family_of("vllm:Qwen/Qwen2.5-7B-Instruct@abc"), family_of("text_davinci_003")
    ('qwen', 'gpt')
    >>> family_of("weighted_alpaca_eval_gpt4_turbo"), family_of("alpaca-7b"), family_of("7")
    ('gpt', 'alpaca', None)
    """
    name = model.casefold().partition("@")[0].rpartition("/")[2].rpartition(":")[2]
    words = _WORDS.findall(name)
    for word in words:
        if word in _SAME:
            return _SAME[word]
    for known in _KNOWN:
        # Short names only as whole words: "yi" is in "applying".
        if known in words or (len(known) > 3 and any(known in word for word in words)):
            return _SAME.get(known, known)
    return words[0] if words else None


def judge_and_sides(
    judge: str | None, chosen: str | None, rejected: str | None, models: Sequence[str]
) -> tuple[int, int]:
    """Whether a judge has decided about its own family.

    Input: judge and writers of the sides as the file names them, each perhaps unknown; and
    `Provenance.models`, in whose roles what is unknown is looked up.

    Output: +1 where only the chosen side is of the judge's family, -1 only the rejected one, else
    0; and 1 where a writer is of a judge's family, 0 where none is, -1 where either is unknown.

    >>> judge_and_sides("gpt-4", "gpt-3.5-turbo", "alpaca-7b", ())
    (1, 1)
    >>> judge_and_sides(None, None, None, ("judge=Qwen/Qwen3-8B@1", "policy=meta/Llama-3-8B@2"))
    (0, 0)
    """
    roles: dict[str, set[str]] = {}
    for named in models:
        role, _, model = named.partition("=")
        if family := family_of(model):
            roles.setdefault(role, set()).add(family)
    judges = _families([judge]) or {f for role in _JUDGES for f in roles.get(role, ())}
    first = _families([chosen]) or roles.get("chosen", set())
    second = _families([rejected]) or roles.get("rejected", set())
    own = bool(first & judges) - bool(second & judges) if first and second else 0
    writers = (first | second) or {f for role in _WRITERS for f in roles.get(role, ())}
    shared = int(bool(writers & judges)) if writers and judges else -1
    return own, shared


def _families(models: Sequence[str | None]) -> set[str]:
    found = {family_of(model) for model in models if model}
    return {family for family in found if family}
