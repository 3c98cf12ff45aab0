"""`curate rubric learn`: a file that the judge takes, or a message that says why there is none."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from curation.feedback.rubric import load_rubric
from pipelines import cli
from schemas.records import POLARITIES

SAID = {
    "Why was the user": "- The user says so.",
    "reason why some user was satisfied": "- Thanks: The user thanks the assistant.",
    "reason why some user was dissatisfied": "- Error: A fact is wrong. | Check every fact.",
}


@pytest.fixture
def served(monkeypatch):
    """Name of a model behind a real server on loopback; what it says can be changed."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    said = dict(SAID)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer({"data": [{"id": "m", "object": "model", "owned_by": "somebody"}]})

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            prompt = asked["messages"][-1]["content"]
            text = next(answer for part, answer in said.items() if part in prompt)
            choice = {"index": 0, "finish_reason": "stop", "message": {"content": text}}
            usage = {"prompt_tokens": 9, "completion_tokens": 9}
            self.answer({"choices": [choice], "usage": usage})

        def answer(self, body):
            raw = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"openai:http://127.0.0.1:{server.server_port}/v1#m", said
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def labelled(tmp_path):
    rows = [
        {"messages": [{"role": "user", "content": f"{label} {i}"}], "label": label}
        for label in ("satisfied", "dissatisfied")
        for i in range(3)
    ]
    path = tmp_path / "labelled.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def learn(*args):
    return CliRunner().invoke(cli.app, ["rubric", "learn", *map(str, args)])


def test_a_rubric_is_learned_and_says_where_it_comes_from(served, labelled, tmp_path):
    output = tmp_path / "rubric.yaml"
    done = learn(labelled, "--model", served[0], "--output", output, "--max-examples", 2)
    assert done.exit_code == 0, done.stderr
    rubric = load_rubric(str(output))
    assert [(item.name, item.polarity) for item in rubric.values()] == [
        ("thanks", "satisfaction"),
        ("error", "dissatisfaction"),
    ]
    head = output.read_text().splitlines()[0]
    assert head.startswith("# Learned by rubric_learning_reasons-v1@")
    assert head.endswith("seed 0, from 2 of satisfaction, 2 of dissatisfaction.")
    assert done.stdout == f"2 kinds of feedback in {output}\n"
    assert "satisfaction: reasons: 2 of 2 answers" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_rows_that_are_no_examples_are_told(served, labelled, tmp_path):
    with labelled.open("a") as file:
        file.write('{"messages": []}\n')
    done = learn(labelled, "--model", served[0], "--output", tmp_path / "r.yaml")
    assert done.exit_code == 0, done.stderr
    assert "1 rows of" in done.stderr
    assert "no_label" in done.stderr


def test_answers_that_are_not_in_form_write_no_file(served, labelled, tmp_path):
    served[1]["Why was the user"] = "I do not know."
    done = learn(labelled, "--model", served[0], "--output", tmp_path / "r.yaml")
    assert done.exit_code == 1
    assert "9 of 9 answers could not be used" in done.stderr
    assert not (tmp_path / "r.yaml").exists()


def test_a_file_that_is_there_is_replaced_only_when_asked(served, labelled, tmp_path):
    output = tmp_path / "r.yaml"
    output.write_text("mine")
    assert learn(labelled, "--model", served[0], "--output", output).exit_code == 2
    assert output.read_text() == "mine"
    assert learn(labelled, "--model", served[0], "--output", output, "--force").exit_code == 0
    assert load_rubric(str(output))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["none.jsonl", "--output", "{tmp}/r.yaml"], "none.jsonl: no such file"),
        (["{labelled}", "--output", "{tmp}/none/r.yaml"], "not a file in a folder that exists"),
        (["{labelled}", "--output", "{tmp}"], "not a file in a folder that exists"),
        (["{labelled}", "--output", "{tmp}/r.yaml", "--model", "gpt"], "gpt"),
        (["{empty}", "--output", "{tmp}/r.yaml"], "no examples"),
        (["{one}", "--output", "{tmp}/r.yaml"], "no example is labelled with dissatisfaction"),
        (["{labelled}"], "--output"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_file_is_written(args, said, labelled, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "one.jsonl").write_text(labelled.read_text().splitlines()[0] + "\n")
    names = {"tmp": tmp_path, "labelled": labelled}
    names |= {name: tmp_path / f"{name}.jsonl" for name in ("empty", "one")}
    done = learn(*(arg.format(**names) for arg in args))
    assert done.exit_code == 2
    assert said in done.stderr
    assert not (tmp_path / "r.yaml").exists()


def test_the_embedded_model_writes_a_rubric_or_says_why_not(model, labelled, tmp_path):
    output = tmp_path / "r.yaml"
    done = learn(labelled, "--output", output, "--max-examples", 1, "--max-new-tokens", 16)
    if done.exit_code == 0:
        assert {item.polarity for item in load_rubric(str(output)).values()} == set(POLARITIES)
    else:
        assert done.exit_code == 1
        assert "answers could not be used" in done.stderr
        assert not output.exists()


def test_the_help_has_examples():
    told = learn("--help").stdout
    assert "curate rubric learn labelled.jsonl --output rubric.yaml" in told
    assert '"label": "satisfied"' in told
