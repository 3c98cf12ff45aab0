"""The sentence encoder: as its makers compute it, one text at a time or many."""

import json
import shutil

import numpy as np
import pytest

from curation.models import embedded_encoder
from curation.models.sentence_encoder import MAX_CHARS, encoder_identity, open_encoder
from schemas.errors import ModelError, UsageError

# First four numbers and sum of each vector, by sentence-transformers 6.2.0 on the same files.
REFERENCE = {
    "This is an example sentence": ([0.067657, 0.063496, 0.048713, 0.079305], 0.27175),
    "Each sentence is converted": ([0.086439, 0.102763, 0.005395, 0.002044], -0.00497),
    "": ([-0.118838, 0.048299, -0.002548, -0.011011], 0.62907),
    "Größe: 10 µm – 你好 🙂": ([-0.027082, 0.064699, -0.008867, -0.005906], -0.27616),
    "No! " * 400 + "That is wrong.": ([-0.028877, 0.025889, 0.019777, -0.07964], -1.96909),
    "a" * 3000 + " b": ([-0.042389, 0.01734, 0.000856, 0.009231], 0.35078),
    "Line one\n\n\tline two": ([-0.083327, 0.080784, -0.001067, 0.038532], 0.48066),
}
TEXTS = [*REFERENCE, *(f"Text number {n}, " + "and so on " * (n % 17) for n in range(65))]


@pytest.fixture
def copied(tmp_path):
    """A folder with the encoder's files, to be changed."""
    folder = tmp_path / "encoder"
    shutil.copytree(embedded_encoder.fetch(report=str), folder)
    return folder


def write(folder, name, value):
    (folder / name).write_text(json.dumps(value))


@pytest.fixture(scope="module")
def vectors(encoder):
    return encoder.encode(TEXTS)


def test_the_vectors_are_those_of_sentence_transformers(vectors):
    for row, (beginning, total) in zip(vectors, REFERENCE.values(), strict=False):
        assert row[:4] == pytest.approx(beginning, abs=1e-5)
        assert row.sum(dtype=float) == pytest.approx(total, abs=1e-3)


def test_every_row_has_length_one(encoder, vectors):
    assert vectors.shape == (len(TEXTS), encoder.dimensions) == (72, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-6)


def test_no_texts_give_no_rows(encoder):
    assert encoder.encode([]).shape == (0, 384)


def test_a_row_depends_on_no_other_text(encoder, vectors):
    backwards = encoder.encode(TEXTS[::-1])[::-1]
    assert np.abs(backwards - vectors).max() < 1e-5
    for index in (0, 2, 4, 30, 71):
        assert np.abs(encoder.encode([TEXTS[index]])[0] - vectors[index]).max() < 1e-5


def test_a_huge_text_is_read_from_its_beginning(encoder):
    huge = "I want it shorter. " * 21_000
    assert len(huge) > 390_000
    whole, beginning = encoder.encode([huge, huge[:MAX_CHARS]])
    assert np.array_equal(whole, beginning)


def test_texts_that_mean_the_same_are_nearer_than_others(encoder):
    wrong, error, thanks = encoder.encode(
        ["That answer is wrong.", "You made a mistake.", "Thanks, lovely weather."]
    )
    assert wrong @ error > wrong @ thanks


def test_a_folder_is_an_encoder_told_by_its_content(copied, vectors):
    name = f"transformers:{copied}"
    opened = open_encoder(name)
    assert np.array_equal(opened.encode(TEXTS), vectors)
    assert encoder_identity(name) == f"{copied}@{opened.revision}"
    assert opened.revision.startswith("content-")
    assert encoder_identity("embedded") == "all-MiniLM-L6-v2@safetensors-53aa51172d14"


def test_pooling_and_length_are_read_from_the_folder(copied, encoder):
    write(copied, "1_Pooling/config.json", {"pooling_mode_cls_token": True})
    write(copied, "sentence_bert_config.json", {"max_seq_length": 16})
    opened = open_encoder(f"transformers:{copied}")
    assert opened.reading == (16, "cls")
    long, short = opened.encode(["one two three " * 30, "one two three " * 60])
    assert np.array_equal(long, short)
    first, mean = opened.encode(["A cat."]), encoder.encode(["A cat."])
    assert np.abs(first - mean).max() > 0.01


def test_a_folder_without_these_files_is_read_as_a_mean_of_512_tokens(copied, vectors):
    for name in ("1_Pooling/config.json", "sentence_bert_config.json", "modules.json"):
        (copied / name).unlink()
    opened = open_encoder(f"transformers:{copied}")
    assert opened.reading == (512, "mean")
    assert np.abs(opened.encode(TEXTS[:2]) - vectors[:2]).max() < 1e-5


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("1_Pooling/config.json", {"pooling_mode_lasttoken": True}, "pooling_mode_lasttoken"),
        ("modules.json", [{"type": "sentence_transformers.models.Dense"}], "modules Dense"),
    ],
)
def test_what_would_be_computed_otherwise_is_refused(copied, name, value, message):
    write(copied, name, value)
    with pytest.raises(ModelError, match=message):
        open_encoder(f"transformers:{copied}")


@pytest.mark.parametrize(
    "name", ["minilm", "vllm:org/model", "openai:http://h/v1#m", "transformers"]
)
def test_a_name_of_no_encoder_is_a_wrong_option(name):
    with pytest.raises(UsageError, match="expected 'embedded' or 'transformers:"):
        open_encoder(name)


def test_a_folder_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(ModelError, match="no such folder"):
        open_encoder(f"transformers:{tmp_path}/gone")


def test_an_encoder_that_was_not_fetched_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFSTREAM_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match="curate models fetch --encoder"):
        open_encoder("embedded")
    assert embedded_encoder.status()["copies"] == []


def test_fetching_mends_a_copy_that_lost_a_file(tmp_path, monkeypatch):
    whole = embedded_encoder.fetch(report=str)
    monkeypatch.setenv("PREFSTREAM_CACHE", str(tmp_path))
    broken = embedded_encoder.cache_dir()
    shutil.copytree(whole, broken)
    (broken / "tokenizer.json").unlink()
    said = []
    assert embedded_encoder.fetch(said.append) == broken
    assert len(said) == 2
    assert (broken / "tokenizer.json").read_bytes() == (whole / "tokenizer.json").read_bytes()
    assert [path.name for path in broken.parent.iterdir()] == [broken.name]
    assert embedded_encoder.fetch(said.append) == broken
    assert len(said) == 2


def test_files_that_are_not_the_pinned_ones_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFSTREAM_CACHE", str(tmp_path))
    monkeypatch.setitem(embedded_encoder.FILES, "vocab.txt", "0" * 64)
    with pytest.raises(ModelError, match="refused"):
        embedded_encoder.fetch(report=str)
    assert list((tmp_path / "models").iterdir()) == []
