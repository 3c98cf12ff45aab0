"""CSV, TSV and Parquet."""

import csv
import datetime
import io

import pyarrow as pa
import pyarrow.parquet as pq
from reading_files import read_bytes, values


def table(rows: list[list[str]], delimiter: str = ",") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode()


def test_csv_cells_may_hold_commas_quotes_and_line_feeds() -> None:
    rows = [["prompt", "chosen", "rejected"], ['a "b"', "c,d\r\ne", ""], ["é", "f", "g"]]
    found = read_bytes(table(rows), "pairs.csv")
    assert values(found) == [
        {"prompt": 'a "b"', "chosen": "c,d\r\ne", "rejected": None},
        {"prompt": "é", "chosen": "f", "rejected": "g"},
    ]
    assert [row.position for row in found] == [24, 45]


def test_tsv_is_found_by_its_header() -> None:
    content = table([["Prompt", "Chosen"], ["a, b", "c"]], "\t")
    assert values(read_bytes(content, "pairs")) == [{"prompt": "a, b", "chosen": "c"}]


def test_bad_csv_records_are_one_reject_each() -> None:
    content = b'prompt,chosen\na,b\nonly one\n"x"y,z\n\xff,c\n\nd,e\n"open,f\ng,h\n'
    assert values(read_bytes(content, "pairs.csv")) == [
        {"prompt": "a", "chosen": "b"},
        "not_csv",
        "not_csv",
        "invalid_utf8",
        {"prompt": "d", "chosen": "e"},
        "not_csv",
    ]


def test_an_open_quote_never_takes_more_than_the_row_limit() -> None:
    content = b'prompt,chosen\n"open,b\n' + b"c,d\n" * 100
    found = values(read_bytes(content, "pairs.csv", max_row_bytes=40))
    assert found[0] == "row_too_large"
    assert found[-1] == {"prompt": "c", "chosen": "d"}


def parquet(data: pa.Table, **options: object) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(data, buffer, **options)
    return buffer.getvalue()


def test_parquet_rows_are_dictionaries_at_their_row_number() -> None:
    moment = datetime.datetime(2024, 1, 2, tzinfo=datetime.UTC)
    rows = [{"messages": [{"role": "user", "content": "hi"}], "time": moment}] * 7
    content = parquet(pa.Table.from_pylist(rows), row_group_size=2)
    for shard_bytes in (1, 2**30):
        found = read_bytes(content, "rows", shard_bytes)
        assert values(found) == rows
        assert [row.position for row in found] == list(range(7))


def test_one_bad_string_in_parquet_costs_one_row() -> None:
    raw = pa.array([b"a", b"\xff", b"c"]).cast(pa.binary())
    text = pa.StringArray.from_buffers(3, raw.buffers()[1], raw.buffers()[2])
    found = values(read_bytes(parquet(pa.table({"text": text})), "x.parquet"))
    assert found == [{"text": "a"}, "invalid_utf8", {"text": "c"}]


def test_a_cut_off_parquet_file_is_one_reject() -> None:
    content = parquet(pa.table({"a": list(range(1000))}))
    assert values(read_bytes(content[:-10], "x.parquet")) == ["truncated_file"]


def test_a_damaged_row_group_does_not_cost_the_others() -> None:
    data = pa.table({"a": [f"text {i}" for i in range(30)]})
    content = bytearray(parquet(data, row_group_size=10, compression="zstd", use_dictionary=False))
    metadata = pq.read_metadata(io.BytesIO(content))
    start = metadata.row_group(1).column(0).data_page_offset
    content[start : start + metadata.row_group(1).column(0).total_compressed_size] = bytes(
        metadata.row_group(1).column(0).total_compressed_size
    )
    found = values(read_bytes(bytes(content), "x.parquet"))
    assert found[:10] + found[-10:] == [{"a": f"text {i}"} for i in (*range(10), *range(20, 30))]
    assert found[10] == "corrupt_file"
