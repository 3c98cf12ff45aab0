"""Loading by name: which weights a name stands for, and what cannot be loaded says so."""

import json
import shutil

import pytest
import torch
from transformers import AutoModelForCausalLM, Gemma2Config, LlamaConfig, Qwen2Config

from curation.models import embedded
from curation.models.loading import check_model, load_model
from curation.models.protocols import HiddenRequest, LikelihoodRequest
from curation.models.revision import folder_revision
from schemas.errors import ModelError, ModelUnavailableError
from schemas.records import Message

SMALL = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 49152,
    "head_dim": 16,
}
PROMPT = [Message("user", "Name a colour.")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the embedded model as somebody's own folder."""
    copy = tmp_path_factory.mktemp("models") / "own"
    shutil.copytree(embedded.fetch("float32"), copy)
    return copy


def save_small(folder, target, config):
    """A small random model of another architecture with the embedded model's tokenizer."""
    target.mkdir()
    for file in folder.iterdir():
        if "token" in file.name or "template" in file.name or "vocab" in file.name:
            shutil.copy(file, target)
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(target)
    return target


def test_a_folder_gives_what_the_embedded_model_gives(folder, float32_model):
    own = load_model(f"transformers:{folder}", dtype="float32")
    request = LikelihoodRequest(PROMPT, [Message("assistant", "Blue.")])
    assert own.score([request]) == float32_model.score([request])
    assert (own.name, own.revision) == (str(folder), folder_revision(folder))
    assert check_model(f"transformers:{folder}") == f"{own.name}@{own.revision}"


def test_other_weights_in_the_same_folder_are_another_revision(folder):
    before = folder_revision(folder)
    (folder / "README.md").write_text("words about the model")
    assert folder_revision(folder) == before
    [weights] = folder.glob("*.safetensors")
    with weights.open("r+b") as file:
        file.seek(-1, 2)
        last = file.read()
        file.seek(-1, 2)
        file.write(bytes([last[0] ^ 1]))
    assert folder_revision(folder) != before


@pytest.mark.parametrize("break_it", ["no config", "no weights", "a shard is missing"])
def test_a_folder_that_holds_no_whole_model_is_told_before_loading(folder, tmp_path, break_it):
    broken = tmp_path / "broken"
    broken.mkdir()
    if break_it != "no config":
        shutil.copy(folder / "config.json", broken)
    if break_it == "a shard is missing":
        (broken / "model-1.safetensors").write_bytes(b"x")
        index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
        (broken / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match=r"no model there|no weights there|model-2\.safetensors"):
        check_model(f"transformers:{broken}")


def test_a_folder_with_damaged_weights_is_one_clear_error(folder, tmp_path):
    damaged = tmp_path / "damaged"
    shutil.copytree(folder, damaged)
    [weights] = damaged.glob("*.safetensors")
    weights.write_bytes(b"not a tensor in sight")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_model(f"transformers:{damaged}")


def test_a_server_that_is_not_there_is_told_at_once():
    with pytest.raises(ModelUnavailableError):
        load_model("openai:http://127.0.0.1:9/v1#nothing")


@pytest.mark.parametrize("config", [LlamaConfig, Qwen2Config])
def test_another_architecture_scores_like_its_own_forward_pass(folder, tmp_path, config):
    path = save_small(folder, tmp_path / "small", config(**SMALL))
    small = load_model(f"transformers:{path}", dtype="float32")
    [result] = small.score([LikelihoodRequest(PROMPT, [Message("assistant", "Blue or red.")])])
    ids = small.chat.prompt_ids(PROMPT) + small.chat.text_ids("Blue or red.")
    network = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    with torch.inference_mode():
        rows = network(torch.tensor([ids])).logits[0].log_softmax(-1)
    start = len(small.chat.prompt_ids(PROMPT))
    expected = [float(rows[i - 1, ids[i]]) for i in range(start, len(ids))]
    assert result.continuations[0] == pytest.approx(expected, abs=1e-4)
    [hidden] = small.encode([HiddenRequest(PROMPT, ["Blue or red."])])
    assert len(hidden.responses[0].total) == 64


def test_an_architecture_that_cannot_be_packed_is_refused(folder, tmp_path):
    path = save_small(folder, tmp_path / "capped", Gemma2Config(**SMALL))
    with pytest.raises(ModelError, match=r"cannot be scored|caps its attention scores"):
        load_model(f"transformers:{path}", dtype="float32")
