"""Copies of documents: each answer belongs to its own thread, and no copy is drawn."""

import json
from xml.sax.saxutils import quoteattr

from e2e_runs import curate, rows

GOOD = "<p>Keep it in a dark and cool place, and it will be fine for a year.</p>"
BAD = "<p>I would not know, to be honest; mine never lasts that long.</p>"


def posts(folder, *found):
    """A dump with these posts in it, numbered from 1."""
    lines = []
    for number, post in enumerate(found, 1):
        fields = {"Id": number, "CreationDate": f"2020-01-{number:02}T00:00:00.000", **post}
        lines.append("<row " + " ".join(f"{k}={quoteattr(str(v))}" for k, v in fields.items()))
    file = folder / "Posts.xml"
    file.write_text("\n".join(["<posts>", *(f"{line} />" for line in lines), "</posts>"]), "utf-8")
    return file


def question(title):
    return {"PostTypeId": 1, "Score": 3, "Title": title, "Body": f"<p>{title} Please help me.</p>"}


def answer(parent, score, body):
    return {"PostTypeId": 2, "ParentId": parent, "Score": score, "Body": body}


def funnel(output):
    described = json.loads(curate("inspect", output, "--json").stdout)
    return {row["stage"]: row for row in described["funnel"]}


def test_an_answer_that_stands_in_two_threads_belongs_to_both(tmp_path):
    file = posts(
        tmp_path,
        question("How long does an open stout keep in the cellar?"),
        question("How long does an open porter keep in the cellar?"),
        *(answer(parent, 1, BAD) for parent in (1, 2)),
        *(answer(parent, 9, GOOD) for parent in (1, 2)),
    )
    curate("run", "votes", "--documents", file, "--output", tmp_path / "out")
    table = rows(tmp_path / "out")
    assert table.height == 2
    assert sorted("stout" in row[0]["content"] for row in table["prompt"]) == [False, True]
    assert "deduplicate_documents" not in funnel(tmp_path / "out")


def test_so_many_documents_are_drawn_however_many_copies_there_are(tmp_path):
    body = "<p>{} is brewed with water, malt, hops and yeast, and sold in the {} of the year.</p>"
    beers = [body.format(beer, when) for beer in ("Stout", "Porter") for when in ("spring", "fall")]
    copies = [question("What is it made of, and when is it sold?") | {"Body": b} for b in beers]
    file = posts(tmp_path, *copies, *copies, *copies)
    changes = (
        "models.*=embedded",
        "synthesize.ugc.max_documents=3",
        "synthesize.ugc.responses=2",
        "synthesize.ugc.min_responses=2",
        "synthesize.reply.max_new_tokens=8",
        "clean.documents.min_chars=0",
    )
    sets = [
        argument for change in ("models.*=embedded", *changes) for argument in ("--set", change)
    ]
    curate("run", "ugc", "--documents", file, "--output", tmp_path / "out", *sets)
    found = funnel(tmp_path / "out")
    assert found["deduplicate_documents"]["out"] == found["ugc_budget"]["in"] == 4
    assert found["ugc_budget"]["out"] == found["question"]["in"] == 3
