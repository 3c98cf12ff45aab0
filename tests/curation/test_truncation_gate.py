"""The gate of truncation drops the pairs that a trainer's cut makes equal or empty, and no other.

Checked against lists of tokens that transformers makes and that are cut here, and against what
TRL's own collator hands to a model. The pairs are real; some with replies that differ only beyond
the limits are made of them.
"""

import json
from pathlib import Path

import pytest

from curation.models import embedded
from curation.selection.decision import decide_all, frame_of
from curation.selection.measure import measure
from curation.selection.thresholds import Gates, Selection, Truncation
from curation.selection.trainer_tokens import open_tokenizer
from schemas.ids import pair_id
from schemas.records import Message, PreferencePair, Provenance

ROWS = Path(__file__).parents[1] / "data" / "selection" / "truncation_pairs.jsonl"
OTHER_GATES_OFF = Gates(
    identical=False,
    refusal="none",
    compliance="none",
    prompt=False,
    contradictions="keep",
    range=False,
    language=False,
)
EMPTY, EQUAL = "truncated_empty", "truncated_equal"


def pair_of(source, row, prompt, chosen, rejected):
    sides = [[Message("assistant", chosen)], [Message("assistant", rejected)]]
    origin = Provenance(source, row, source, None, [], [], None, "1")
    said = [*sides, *[None] * 6, "existing", source, "c", None, None, origin, ""]
    return PreferencePair(pair_id(prompt, *sides), prompt, *said)


def real_pairs():
    for line in ROWS.read_text("utf-8").splitlines():
        row = json.loads(line)
        prompt = [Message(role, content) for role, content in row["prompt"]]
        yield pair_of(row["source"], row["row"], prompt, row["chosen"], row["rejected"])


def planted_pairs(real):
    """Pairs whose replies differ after or before a long piece that they share, and a short one."""
    for pair in [p for p in real if len(p.prompt) == 1][:8]:
        reply = pair.chosen[0].content
        for times in (1, 600 // max(1, len(reply.split())) + 1):
            shared = " ".join([reply] * times)
            for chosen, rejected in (
                (f"{shared} Yes, indeed.", f"{shared} No."),
                (f"Yes, indeed. {shared}", f"No. {shared}"),
                (shared, f"{shared} {shared}"),
            ):
                yield pair_of(pair.source, 0, pair.prompt, chosen, rejected)


@pytest.fixture(scope="module")
def pairs():
    real = list(real_pairs())
    return [*real, *planted_pairs(real)]


@pytest.fixture(scope="module")
def frame(pairs):
    tokenizer = open_tokenizer("embedded")
    return frame_of([measure(pair, tokenizer).pair for pair in pairs])


@pytest.fixture(scope="module")
def token_lists(pairs):
    """Prompt, and prompt with either reply, as transformers applies the template."""
    from transformers import AutoTokenizer

    folder = embedded.cache_dir() / embedded.status()["copies"][0]
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    lists = {}
    for pair in pairs:
        prompt, chosen, rejected = (
            [message._asdict() for message in messages]
            for messages in (pair.prompt, pair.chosen, pair.rejected)
        )
        lists[pair.id] = [
            tokenizer.apply_chat_template(messages, add_generation_prompt=asks, return_dict=True)[
                "input_ids"
            ]
            for messages, asks in (
                (prompt, True),
                (prompt + chosen, False),
                (prompt + rejected, False),
            )
        ]
    return lists


def cut_by_hand(lists, limits):
    """What becomes of a pair, by cutting lists of tokens and nothing else."""
    prompt, chosen, rejected = lists
    # The template says the same of a prompt with and without a reply; so the rest is the reply.
    assert chosen[: len(prompt)] == prompt == rejected[: len(prompt)]
    replies = [chosen[len(prompt) :], rejected[len(prompt) :]]
    if limits.max_prompt_tokens is not None:
        prompt = prompt[-limits.max_prompt_tokens :]
    sides = [[(t, "prompt") for t in prompt] + [(t, "reply") for t in reply] for reply in replies]
    if limits.max_tokens is not None:
        most = limits.max_tokens
        sides = [s[:most] if limits.mode == "keep_start" else s[-most:] for s in sides]
    if any(all(part == "prompt" for _, part in side) for side in sides):
        return EMPTY
    return EQUAL if sides[0] == sides[1] else None


@pytest.mark.parametrize("mode", ["keep_start", "keep_end"])
@pytest.mark.parametrize(
    ("max_prompt_tokens", "max_tokens"),
    [
        (None, 512), (None, 128), (None, 64), (None, 1024), (512, 1024), (256, 512),
        (60, 64), (60, 62), (16, 18), (None, 3), (None, 1), (None, None),
    ],
)  # fmt: skip
def test_the_gate_drops_what_becomes_equal_or_empty_and_no_other(
    frame, token_lists, mode, max_prompt_tokens, max_tokens
):
    limits = Truncation(max_prompt_tokens, max_tokens, mode)
    selection = Selection(
        gates=OTHER_GATES_OFF._replace(truncation=limits), min_chosen_chars=0, keep_unscored=True
    )

    decided = decide_all(frame, selection, 0)

    said = dict(zip(decided["id"], decided["filter"], strict=True))
    assert said == {key: cut_by_hand(lists, limits) for key, lists in token_lists.items()}


def test_the_pairs_have_both_fates_at_512_tokens(token_lists):
    fates = {
        mode: [cut_by_hand(lists, Truncation(None, 512, mode)) for lists in token_lists.values()]
        for mode in ("keep_start", "keep_end")
    }

    assert fates["keep_start"].count(EMPTY) >= 10
    assert fates["keep_start"].count(EQUAL) >= 8
    assert fates["keep_end"].count(EQUAL) >= 8
    assert all(found.count(None) >= 20 for found in fates.values())


@pytest.mark.parametrize("mode", ["keep_start", "keep_end"])
def test_what_is_kept_differs_in_trls_collator_too(pairs, frame, token_lists, mode):
    """TRL itself leaves out prompts that fill the limit; it says nothing of equal sides."""
    collators = pytest.importorskip("trl.trainer.dpo_trainer")
    collate = collators.DataCollatorForPreference(
        pad_token_id=0, max_length=512, truncation_mode=mode
    )
    limits = Truncation(None, 512, mode)
    gates = OTHER_GATES_OFF._replace(truncation=limits)
    decided = decide_all(frame, Selection(gates=gates, min_chosen_chars=0, keep_unscored=True), 0)

    for key, dropped in zip(decided["id"], decided["filter"], strict=True):
        prompt, chosen, rejected = token_lists[key]
        row = {
            "prompt_ids": prompt,
            "chosen_ids": chosen[len(prompt) :],
            "rejected_ids": rejected[len(prompt) :],
        }
        batch = collate([row])
        masks = batch["completion_mask"] * batch["attention_mask"]
        empty = (masks.sum(dim=1) == 0).any().item()
        equal = (batch["input_ids"][0] == batch["input_ids"][1]).all().item()
        equal &= (batch["attention_mask"][0] == batch["attention_mask"][1]).all().item()
        assert dropped == (EMPTY if empty else EQUAL if equal else None)
