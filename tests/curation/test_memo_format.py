"""Kept answers as bytes: the keys tell everything apart that matters, damage is never an answer."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.memo.frames import (
    Meta,
    joined_keys,
    read_table,
    read_values,
    scan,
    split_keys,
    table_start,
    write_frame,
    write_table,
)
from curation.memo.index import KeyIndex
from curation.memo.keys import KEY_BYTES, content_keys
from curation.memo.values import from_bytes, to_bytes
from curation.models.protocols import (
    Completion,
    Dropout,
    GenerationRequest,
    Guide,
    HiddenRequest,
    HiddenResult,
    HiddenSum,
    JointRequest,
    JointResult,
    LikelihoodRequest,
    LikelihoodResult,
    Similarity,
)
from curation.models.tasks import GENERATION, HIDDEN, JOINT, LIKELIHOOD
from schemas.records import Message

META = Meta("generate", "m@r|float32|whole", 1_700_000_000.0)
USER = Message("user", "Name a colour.")
REPLY = Message("assistant", "Red.")
WRITE = GenerationRequest((USER,), seed=1, guide=Guide(("A", "B")))
SCORE = LikelihoodRequest((USER,), (REPLY,), dropout=Dropout(0.1, 7))
ENCODE = HiddenRequest((USER,), ("Red.", "Blue."))
MEASURE = JointRequest((USER,), ("Red.", "Blue."), ("Thanks!",))


def key(task, identity, request):
    [only] = content_keys(task, identity, [request])
    return only


CHANGED = {
    (GENERATION, WRITE): {
        "messages": [(Message("user", "Name a color."),), (Message("system", USER.content),), ()],
        "seed": [2],
        "max_new_tokens": [64],
        "temperature": [0.0],
        "top_p": [1.0],
        "n": [2],
        "max_prompt_tokens": [512],
        "guide": [None, Guide(("B", "A")), Guide(json_schema="{}")],
    },
    (LIKELIHOOD, SCORE): {
        "context": [(USER, REPLY)],
        "continuations": [(REPLY, REPLY), (Message("user", "Red."),)],
        "max_tokens": [1024],
        "dropout": [None, Dropout(0.2, 7), Dropout(0.1, 8)],
    },
    (HIDDEN, ENCODE): {
        "prompt": [(REPLY,)],
        "responses": [("Blue.", "Red."), ("Red.Blue.",)],
        "max_tokens": [1024],
    },
    (JOINT, MEASURE): {
        "prompt": [(REPLY,)],
        "responses": [("Blue.", "Red.")],
        "follow_ups": [(), ("Thanks",)],
        "similarity": [False],
        "max_tokens": [1024],
    },
}
CASES = [
    pytest.param(task, request, field, value, id=f"{task.name}.{field}-{n}")
    for (task, request), fields in CHANGED.items()
    for field, values in fields.items()
    for n, value in enumerate(values)
]


@pytest.mark.parametrize(("task", "request_", "field", "value"), CASES)
def test_another_value_of_a_field_is_another_key(task, request_, field, value):
    changed = request_._replace(**{field: value})
    assert key(task, "m", changed) != key(task, "m", request_)


@pytest.mark.parametrize(("task", "request_"), list(CHANGED))
def test_every_field_of_a_request_is_tried_above(task, request_):
    assert set(CHANGED[task, request_]) == set(request_._fields)


@pytest.mark.parametrize(
    ("task", "identity"),
    [
        (GENERATION._replace(version=GENERATION.version + 1), "m@r|float32|whole"),
        (GENERATION._replace(name="other"), "m@r|float32|whole"),
        (GENERATION, "n@r|float32|whole"),
        (GENERATION, "m@s|float32|whole"),
        (GENERATION, "m@r|bfloat16|whole"),
        (GENERATION, "m@r|float32|2048"),
    ],
    ids=["task version", "task", "model", "revision", "dtype", "window"],
)
def test_another_model_or_task_is_another_key(task, identity):
    assert key(task, identity, WRITE) != key(GENERATION, "m@r|float32|whole", WRITE)


def test_a_key_does_not_depend_on_its_neighbours_or_on_the_kind_of_sequence():
    listed = WRITE._replace(messages=[list(USER)], guide=Guide(["A", "B"]))
    keys = content_keys(GENERATION, "m", [WRITE._replace(seed=9), listed, WRITE])
    assert keys[1] == keys[2] == key(GENERATION, "m", WRITE)
    assert {len(each) for each in keys} == {KEY_BYTES}


def test_text_that_no_encoding_takes_has_a_key_and_is_not_kept():
    odd = WRITE._replace(messages=(Message("user", "half \ud800"),))
    assert key(GENERATION, "m", odd) != key(GENERATION, "m", WRITE)
    assert to_bytes([Completion("half \ud800", "stop", 1, 1)]) is None


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(NUMBERS, max_size=20))
def test_numbers_come_back_to_the_bit(numbers):
    answer = HiddenResult([HiddenSum(numbers, len(numbers), numbers)], 0, 3)
    again = from_bytes(HIDDEN, to_bytes(answer))
    packed = struct.pack(f"{len(numbers)}d", *numbers)
    assert struct.pack(f"{len(numbers)}d", *again.responses[0].total) == packed
    assert again == answer


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        (GENERATION, [Completion("Rot — «红»\n", "stop", 3, 2, -0.1, 1)]),
        (GENERATION, [Completion("", "length", 1, 0), Completion("a", "stop", 1, 1)]),
        (LIKELIHOOD, LikelihoodResult([[-0.1, -1e-300], []], 2, 9)),
        (HIDDEN, HiddenResult([HiddenSum([0.1, -0.0], 2, [1e300, 5e-324])], 0, 4)),
        (JOINT, JointResult([[-1.5], [-2.5]], Similarity([2, 3], [[1.0]], [[2.0]], [[0.0]]), 0, 7)),
        (JOINT, JointResult([], None, 0, 7)),
    ],
)
def test_an_answer_comes_back_as_it_was(task, answer):
    again = from_bytes(task, to_bytes(answer))
    assert again == answer
    assert type(again) is type(answer)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_an_answer_with_a_number_that_json_has_not_is_not_kept(number):
    assert to_bytes(LikelihoodResult([[-1.0, number]], 0, 3)) is None


def make_frame(first, count, meta=META):
    """A frame and what is in it."""
    numbers = range(first, first + count)
    held = {n.to_bytes(KEY_BYTES, "little"): b'["answer %d"]' % n * (n % 3 + 1) for n in numbers}
    return write_frame(meta, list(held), list(held.values())), held


FRAMES = [make_frame(first, 3) for first in (0, 10, 20)]
FILE = b"".join(data for data, _ in FRAMES)
HELD = {key: value for _, held in FRAMES for key, value in held.items()}


def contents(data):
    """All keys and answers that a file gives."""
    frames, _ = scan(data)
    found = {}
    for frame in frames:
        piece = data[frame.start : frame.start + frame.length]
        found.update(zip(joined_keys(frame.keys), read_values(piece), strict=True))
    return found


def test_a_torn_file_keeps_every_whole_frame_wherever_it_was_torn():
    ends = [0]
    for data, _ in FRAMES:
        ends.append(ends[-1] + len(data))
    for length in range(len(FILE) + 1):
        whole = sum(length >= end for end in ends[1:])
        expected = {k: v for _, held in FRAMES[:whole] for k, v in held.items()}
        assert contents(FILE[:length]) == expected
        assert scan(FILE[:length])[1] == length - ends[whole]


def test_a_changed_byte_costs_one_frame_and_never_changes_an_answer():
    for position in range(len(FILE)):
        for flip in (0x01, 0x80, 0xFF):
            data = bytearray(FILE)
            data[position] ^= flip
            found = contents(bytes(data))
            assert found.items() <= HELD.items()
            assert len(found) == 6


@given(st.binary(max_size=300))
def test_bytes_that_are_nothing_hold_nothing(data):
    assert contents(data) == {}
    assert contents(data + FILE) == HELD


def test_a_frame_that_was_written_on_behind_a_torn_one_is_found():
    torn = FRAMES[0][0][:-5]
    assert contents(torn + FRAMES[1][0]) == FRAMES[1][1]


def packed_file():
    frames, _ = scan(FILE)
    return FILE + write_table(frames, len(FILE))


def test_a_packed_file_tells_its_frames_without_its_answers():
    data = packed_file()
    start = table_start(data[-12:])
    assert start == len(FILE)
    listed = read_table(data[start:])
    scanned, lost = scan(data)
    assert lost == 0
    for one, other in zip(listed, scanned, strict=True):
        assert one[:3] == other[:3]
        assert (one.keys == other.keys).all()


def test_a_damaged_table_is_noticed_and_the_file_can_still_be_scanned():
    whole = packed_file()
    for position in range(len(FILE), len(whole)):
        data = bytearray(whole)
        data[position] ^= 0x40
        start = table_start(bytes(data[-12:]))
        if start == len(FILE):
            table = read_table(bytes(data[start:]))
            assert table is None or [f.start for f in table] == [f.start for f in scan(FILE)[0]]
        else:
            assert start is None or start > len(data) or read_table(bytes(data[start:])) is None
        assert contents(bytes(data)) == HELD


KEYS = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)


@given(st.lists(st.lists(KEYS, max_size=5, unique=True), max_size=6), KEYS)
def test_an_index_finds_what_was_added_and_nothing_else(frames, other):
    index = KeyIndex()
    for number, keys in enumerate(frames):
        if number % 2:
            index.note(keys, number)
        else:
            index.add(split_keys(keys), number)
    added = {key for keys in frames for key in keys}
    for key, place in zip(added, index.find(list(added)), strict=True):
        assert frames[place[0]][place[1]] == key
    assert index.find([other]) == [None] or other in added


def test_of_two_answers_to_one_key_an_index_finds_the_newer():
    index, keys = KeyIndex(), [b"a" * KEY_BYTES, b"b" * KEY_BYTES]
    for frame in (1, 2):
        index.add(split_keys(keys), frame)
        assert index.find(keys) == [(frame, 0), (frame, 1)]
    index.note(keys[1:], 3)
    assert index.find(keys) == [(2, 0), (3, 0)]
