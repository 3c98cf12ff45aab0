"""How often a model's answers are not of the grammar that their prompt asks for, prompt by prompt.

    python benchmarks/prompts.py [--model embedded] [--set KEY=VALUE …]
                                 [--output benchmarks/prompts.json]

Runs the bundled recipes that make pairs over the bundled samples, with one model in every role and
no kept answers, and counts what each prompt's parser says of each answer. What was asked as a
choice is asked a second time in words held to the choices (guided decoding).
"""

import argparse
import json
import tempfile
from collections import Counter, defaultdict
from functools import wraps
from pathlib import Path
from typing import Any

from curation.models.loading import load_model
from curation.prompts.catalogue import all_prompts
from curation.prompts.choice import ChoicePrompt
from curation.prompts.prompt import Prompt, Unparsed
from pipelines.beam_options import pipeline_options
from pipelines.launch import launch
from pipelines.recipe_file import load_recipe

RECIPES: dict[str, tuple[str, ...]] = {
    "ugc": (
        "sources.documents.limit=24",
        "synthesize.ugc.responses=2",
        "synthesize.reply.keep_truncated=true",
    ),
    "rationales": (
        "mine.max_pairs=8",
        "synthesize.judgments.samples=4",
        "synthesize.judgments.max_new_tokens=120",
        "synthesize.rationales.max_new_tokens=100",
    ),
    "rubrics": (
        "mine.max_pairs=3",
        "synthesize.rubric_pairs.max_conversations=4",
        "synthesize.rubric_pairs.condense=model",
        "score.rubric.rubrics=[brevity]",
    ),
    "counterfactuals": ("mine.max_pairs=2", "synthesize.attributes.max_conversations=4"),
}
"""Recipes, and what is made smaller in each."""
QUICK = (
    "score.ches=false",
    "score.follow_up_likelihood=null",
    "synthesize.reply.max_new_tokens=256",
)
"""What no prompt is asked for."""
MOST_CHOICES = 40
"""Most prompts that are asked again, of each choice."""

Tally = dict[tuple[str, str], Counter[str]]
"""Answers by prompt and form: `answers`, and failures by kind."""


def counted(tally: Tally, asked: dict[str, list[Any]]) -> None:
    """Count what parsers say from now on, and collect the prompts that are asked as a choice.

    A prompt may read an answer by several methods, one of which calls the next; only what the
    first of them says counts.
    """
    reading: list[str] = []

    def counting(read: Any) -> Any:
        @wraps(read)
        def parse(prompt: Prompt[Any], *given: Any, **options: Any) -> Any:
            reading.append(prompt.name)
            try:
                outcome = read(prompt, *given, **options)
            finally:
                reading.pop()
            if prompt.name in reading or isinstance(prompt, ChoicePrompt):
                return outcome  # counted by who called; choices are counted as a whole, by `weigh`
            return note(tally, (prompt.name, "written"), outcome)

        return parse

    def weigh(prompt: ChoicePrompt, answer: Any, form: str = "likelihood") -> Any:
        return note(tally, (prompt.name, form), weighed(prompt, answer, form))

    def ask(prompt: ChoicePrompt, messages: Any, *more: Any, **options: Any) -> Any:
        asked[prompt.name].append(messages)
        return requested(prompt, messages, *more, **options)

    weighed, requested = ChoicePrompt.weigh, ChoicePrompt.ask
    ChoicePrompt.weigh, ChoicePrompt.ask = weigh, ask  # type: ignore[method-assign]
    for cls in {base for prompt in all_prompts() for base in type(prompt).__mro__}:
        for name, method in list(vars(cls).items()):
            if name.startswith("parse") and issubclass(cls, Prompt):
                setattr(cls, name, counting(method))


def note(tally: Tally, key: tuple[str, str], outcome: Any) -> Any:
    """Count one answer; gives the outcome back."""
    tally[key]["answers"] += 1
    if isinstance(outcome, Unparsed):
        tally[key][outcome.kind] += 1
    return outcome


def ask_in_words(model: str, asked: dict[str, list[Any]]) -> None:
    """Ask the collected choices again, in words that the backend holds to the list."""
    loaded = load_model(model)
    choices = {p.name: p for p in all_prompts() if isinstance(p, ChoicePrompt)}
    for name, collected in list(asked.items()):
        prompt = choices[name]
        requests = [prompt.ask(messages, "words") for messages in collected[:MOST_CHOICES]]
        for answer in loaded.generate(requests):
            prompt.weigh(answer, "words")


def table(tally: Tally) -> list[dict[str, Any]]:
    """A row for each prompt and form."""
    rows = []
    for (prompt, form), counts in sorted(tally.items()):
        kinds = {kind: n for kind, n in sorted(counts.items()) if kind != "answers"}
        share = sum(kinds.values()) / counts["answers"]
        rows.append(
            {"prompt": prompt, "form": form, "answers": counts["answers"], "off": share, **kinds}
        )
    return rows


def main() -> None:
    """Run the recipes, print the table, write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--only", default=",".join(RECIPES))
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("prompts.json"))
    arguments = parser.parse_args()
    tally: Tally = defaultdict(Counter)
    asked: dict[str, list[Any]] = defaultdict(list)
    counted(tally, asked)
    for name in arguments.only.split(","):
        changes = (*RECIPES[name], *QUICK, *arguments.set, f"models.*={arguments.model}")
        with tempfile.TemporaryDirectory() as folder:
            launch(load_recipe(name, changes), folder, pipeline_options([]), None)
    ask_in_words(arguments.model, asked)
    rows = table(tally)
    print(f"{'prompt':<26}{'form':<12}{'answers':>8}{'off grammar':>13}  kinds")
    for row in rows:
        kinds = {k: v for k, v in row.items() if k not in ("prompt", "form", "answers", "off")}
        listed = ", ".join(f"{kind} {n}" for kind, n in kinds.items())
        print(
            f"{row['prompt']:<26}{row['form']:<12}{row['answers']:>8}{row['off']:>12.1%}  {listed}"
        )
    arguments.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
