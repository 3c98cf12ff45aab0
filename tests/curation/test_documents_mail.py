"""A mail's own words."""

import pytest

from curation.documents.mail import own_text


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ("> asked\nanswered", "answered"),
        ("one\n>> old\n> asked\ntwo", "one\ntwo"),
        ("said\n-- \nAnn\n+49", "said"),
        ("a rule\n--\nis no signature", "a rule\n--\nis no signature"),
        ("On 3 May 2021, Ann wrote:\n> asked\nanswered", "answered"),
        ("Am Mo., 3. Mai um 10:12 Uhr schrieb\nAnn <ann@x.org>:\n\n> asked\nso", "so"),
        ("Hello.\nOn 3 May 2021, Ann wrote:\n> asked\nso", "Hello.\nso"),
        ("ann@x.org writes:\n> asked\nso", "so"),
        ("I agree with this:\n> asked\nreally", "I agree with this:\nreally"),
        ("In 2021 I said so.\n> asked\nreally", "In 2021 I said so.\nreally"),
        ("first\r\n\r\n\r\n\r\nsecond\r\n", "first\n\nsecond"),
        ("if a > b:\n    then", "if a > b:\n    then"),
        ("> all quoted\n> and nothing else", ""),
        ("", ""),
    ],
)
def test_quotations_and_the_signature_are_taken_out(body: str, own: str) -> None:
    assert own_text(body) == own
