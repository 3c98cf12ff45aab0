"""JSON Lines, arrays and objects, whole and broken."""

import bz2
import gzip
import json

import pytest
import zstandard
from reading_files import read_bytes, values


def test_every_line_is_a_row_or_a_reject_at_its_byte_offset() -> None:
    content = b'{"a": 1}\n\noops\r\n{"a": "\xc3\xa9"}\n   \n{"a": 3}'
    found = read_bytes(content)
    assert values(found) == [{"a": 1}, "not_json", {"a": "é"}, {"a": 3}]
    assert [item.position for item in found] == [0, 10, 16, 32]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"a": "\xff"}', "invalid_utf8"),
        (b'{"a": "x\x00y"}', "nul_byte"),
        (b'{"a": "\\ud800 alone"}', "lone_surrogate"),
        (b'{"a": NaN}', "not_json"),
        (b'{"a": ' + b"9" * 400 + b"}", "not_json"),
        (b"[" * 5000 + b"]" * 5000, "not_json"),
        (b'{"a": 1', "not_json"),
    ],
)
def test_a_broken_line_is_one_reject_with_its_reason(line: bytes, reason: str) -> None:
    found = read_bytes(b'{"a": 1}\n' + line + b'\n{"a": 2}')
    assert values(found) == [{"a": 1}, reason, {"a": 2}]
    assert found[1].source == "rows.jsonl"


def test_of_a_key_given_twice_the_last_value_counts() -> None:
    assert values(read_bytes(b'{"a": 1, "a": 2}')) == [{"a": 2}]


def test_a_reject_shows_the_beginning_of_the_row_and_can_be_stored() -> None:
    (_, reject) = read_bytes(b'{"a": 1}\n{"a\x00": "\xff' + b"x" * 9000)
    assert reject.record.startswith('{"a\ufffd": "\ufffdxxx')
    assert len(reject.record) == 2000
    assert reject.record.encode()


@pytest.mark.parametrize("array", [False, True])
def test_a_row_over_the_limit_is_one_reject_and_reading_goes_on(array: bool) -> None:
    rows = [b'{"a": 1}', b'{"a": "' + b"x" * 3_000_000 + b'"}', b'{"a": 2}']
    content = b"[" + b",\n".join(rows) + b"]" if array else b"\n".join(rows)
    for limit in (1000, 2_999_999):
        found = read_bytes(content, max_row_bytes=limit)
        assert values(found) == [{"a": 1}, "row_too_large", {"a": 2}]
        assert len(found[1].record) == 2000


def test_a_truncated_array_gives_every_row_before_the_cut_then_one_reject() -> None:
    content = json.dumps([{"text": 'a "]" \\ b', "n": [1, {}]}] * 3, indent=2).encode()
    last = content.rindex(b'{\n    "text"')
    found = read_bytes(content[: last + 20], "rows.json")
    assert values(found) == [{"text": 'a "]" \\ b', "n": [1, {}]}] * 2 + ["truncated_file"]
    assert found[-1].position == last


def test_an_array_cut_between_elements_is_truncated_as_well() -> None:
    assert values(read_bytes(b'[{"a": 1}, ', "x.json")) == [{"a": 1}, "truncated_file"]


@pytest.mark.parametrize(
    "broken",
    [
        b'{"a": 1,, }',
        b'{"a": "no end}',
        b'{"a": [1, 2}',
        b'{"a": {"b": 2}',
        b'{"a": 1}}',
        b'{"a": "\xff"}',
        b"nonsense",
    ],
)
def test_reading_an_array_goes_on_after_a_broken_element(broken: bytes) -> None:
    content = b'[\n{"a": 1},\n' + broken + b',\n{"a": 2},\n{"a": 3}\n]'
    found = values(read_bytes(content, "rows.json"))
    assert [value for value in found if isinstance(value, dict) and value != {"a": 1}] == [
        {"a": 2},
        {"a": 3},
    ]
    assert sum(isinstance(value, str) for value in found) == 1


def test_broken_elements_of_a_pretty_printed_array_cost_only_themselves() -> None:
    rows = [{"messages": [{"role": "user", "content": f"text {i}"}]} for i in range(4)]
    content = json.dumps(rows, indent=1).replace('"text 1"', '"text 1').encode()
    assert values(read_bytes(content, "rows.json")) == [rows[0], "not_json", rows[2], rows[3]]


def test_an_array_of_nothing_but_broken_elements_is_read_in_linear_time() -> None:
    # Reading to the end of the file again from each element would take hours.
    for broken in (b"{\n", b'{"a": [\n', b'{"a": "\n', b"{]\n", b'{"a": [{}\n'):
        found = read_bytes(b"[\n" + broken * 50_000, "rows.json")
        assert all(isinstance(value, str) for value in values(found))


def test_strings_and_numbers_in_an_array_are_rows_too() -> None:
    content = b'["a,]", 1.5, null, [1, [2]], {"a": {}}]'
    assert values(read_bytes(content, "x.json")) == ["a,]", 1.5, None, [1, [2]], {"a": {}}]


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstandard.compress])
@pytest.mark.parametrize("array", [False, True])
def test_a_cut_off_compressed_file_gives_its_rows_then_one_reject(compress, array: bool) -> None:
    rows = [{"n": i, "text": f"{i * 7919 % 1000003:x}"} for i in range(60_000)]
    lines = [json.dumps(row) for row in rows]
    content = f"[{','.join(lines)}]" if array else "\n".join(lines)
    compressed = compress(content.encode())
    found = values(read_bytes(compressed[: len(compressed) * 2 // 3], "rows.json"))
    assert found.pop() == "truncated_file"
    assert found == rows[: len(found)]
    # bz2 unfolds in blocks of 900 kB.
    assert len(found) > (0 if compress is bz2.compress else 10_000)


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, zstandard.compress])
def test_a_damaged_compressed_file_gives_rows_up_to_the_damage_then_one_reject(compress) -> None:
    rows = [{"n": i, "text": f"{i * 7919 % 1000003:x}"} for i in range(60_000)]
    content = bytearray(compress("\n".join(map(json.dumps, rows)).encode()))
    damage = len(content) * 3 // 4
    content[damage : damage + 99] = b"\xff" * 99
    found = values(read_bytes(bytes(content)))
    assert found.pop() in ("corrupt_file", "invalid_utf8")
    good = [value for value in found if isinstance(value, dict)]
    assert good[:1000] == rows[:1000]
