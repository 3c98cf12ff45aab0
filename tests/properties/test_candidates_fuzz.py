"""Whatever a row holds, it is a candidate set that files can hold, or a reject."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from curation.formats import Context, parse_row
from curation.reading import Row
from schemas.records import Reject
from schemas.validate import validate

WORDS = st.sampled_from(
    [
        *("text", "response", "content", "model", "score", "scores", "log_probability", "tokens"),
        *("fine-grained_score", "overall_score", "annotations", "Rating", "N/A", "1", "role"),
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    WORDS | SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=12,
)
RESPONSES = st.dictionaries(WORDS, VALUES, max_size=5) | st.text()
ROWS = st.fixed_dictionaries(
    {
        "prompt": st.just("hi") | VALUES,
        "responses": st.lists(RESPONSES | VALUES, max_size=4) | VALUES,
    },
    optional={"scores": VALUES, "system": VALUES},
) | st.fixed_dictionaries(
    {
        "instruction": st.just("hi") | VALUES,
        "completions": st.lists(RESPONSES | VALUES, max_size=4) | VALUES,
    }
)


@settings(deadline=None)
@given(ROWS)
def test_any_row_gives_sound_records_or_one_reject(value) -> None:
    found = parse_row(Row(value, 3), Context("f.jsonl", kind="candidates"))
    if isinstance(found, Reject):
        assert validate(found).detail
        return
    (record,) = (validate(record) for record in found)
    assert len(record.responses) >= 2
    for response in record.responses:
        response.text.encode()
        names = [score.name for score in response.scores]
        assert len(names) == len(set(names))
        assert all(math.isfinite(score.value) for score in response.scores)
        assert response.log_probability is None or response.log_probability <= 0


@given(st.permutations(range(4)), st.lists(st.floats(allow_nan=False, allow_infinity=False),
                                           min_size=4, max_size=4))  # fmt: skip
def test_the_order_of_the_responses_is_kept_and_not_in_the_id(order, values) -> None:
    said = [{"text": f"reply {i}", "score": value} for i, value in enumerate(values)]
    context = Context("f.jsonl", kind="candidates")
    sets = [
        parse_row(Row({"prompt": "hi", "responses": items}, 0), context)[0]
        for items in (said, [said[i] for i in order])
    ]
    assert sets[0].id == sets[1].id
    assert [sets[0].responses[i] for i in order] == list(sets[1].responses)
