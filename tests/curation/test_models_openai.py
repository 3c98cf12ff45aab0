"""The `openai` backend against a real server that misbehaves: patience, limits, secrets."""

import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import misbehaving_server as bad
import pytest
from misbehaving_server import reply, status

from curation.models.backoff import Backoff
from curation.models.isolation import Failure, isolate_failures
from curation.models.openai_model import OpenAIModel, open_openai_model
from curation.models.protocols import GenerationRequest
from schemas.errors import ModelError, ModelUnavailableError, UsageError
from schemas.records import Message

KEY = "sk-proj-1234567890abcdef"
QUICK = Backoff(first=0.001, longest=0.002, longest_retry_after=0.05)


@pytest.fixture(autouse=True)
def _environment(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server():
    running = bad.MisbehavingServer()
    yield running
    running.close()


@pytest.fixture
def make_model(server):
    opened = []

    def make(url=server.url, **settings):
        settings = {"max_attempts": 3, "timeout": 20.0, "backoff": QUICK} | settings
        opened.append(OpenAIModel(url, "m", **settings))
        return opened[-1]

    yield make
    for model in opened:
        model.close()


def ask(text="hi", **settings):
    return GenerationRequest([Message("user", text)], **({"seed": 1} | settings))


def test_answers_stand_in_the_order_of_the_requests(server, make_model):
    answers = make_model().generate([ask(f"q{i}") for i in range(20)])
    assert [completions[0].text for completions in answers] == [f"q{i}:1:0" for i in range(20)]


def test_a_request_is_sent_with_all_of_its_sampling_parameters(server, make_model):
    make_model().generate([ask(seed=5, temperature=0.3, top_p=0.8, n=4, max_new_tokens=9)])
    (seen,) = server.seen
    assert seen.path == "/v1/chat/completions"
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.body == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "seed": 5,
        "temperature": 0.3,
        "top_p": 0.8,
        "n": 4,
        "max_tokens": 9,
        "logprobs": True,
    }


def test_vllm_is_told_what_it_would_take_from_the_models_own_configuration(server, make_model):
    server.owner = "vllm"
    make_model().generate([ask()])
    extras = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}
    assert extras.items() <= server.seen[0].body.items()


def test_a_server_without_a_key_is_sent_none(server, make_model, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    make_model().generate([ask()])
    assert "authorization" not in server.seen[0].headers


def test_no_more_requests_are_under_way_than_allowed_whoever_asks(server, make_model):
    model = make_model(concurrency=3)
    server.script = [bad.wait_for(3)] * 3
    with ThreadPoolExecutor(4) as threads:
        batches = [[ask(f"{batch}.{i}") for i in range(10)] for batch in range(4)]
        answers = list(threads.map(model.generate, batches))
    assert [len(batch) for batch in answers] == [10] * 4
    assert server.most_at_once == 3


@pytest.mark.parametrize(
    "trouble",
    [
        status(500),
        status(502),
        status(503),
        status(408),
        status(429),
        reply(b"<html>busy</html>", 503),
        bad.cut,
        bad.hang_up,
        reply(b'{"choices": ['),
        reply(b""),
        reply(b"[" * 100_000),
        reply({"error": {"message": "upstream is busy"}}),
        reply({"choices": []}),
        reply({"choices": "none"}),
        reply([1]),
        reply({"choices": [None]}),
        reply({"choices": [{"finish_reason": "stop", "message": "hello"}]}),
        reply({"choices": [{"finish_reason": "stop", "message": {"content": 7}}]}),
    ],
)
def test_trouble_that_passes_is_asked_again(server, make_model, trouble):
    server.script = [trouble, trouble]
    assert make_model().generate([ask()])[0][0].text == "hi:1:0"
    assert len(server.seen) == 3


def test_an_answer_that_takes_too_long_is_asked_again(server, make_model):
    server.script = [bad.slow]
    assert make_model(timeout=1.0).generate([ask()])[0][0].text == "hi:1:0"
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("header", "wait"),
    [("0.02", 0.02), ("3600", 0.05), ("Fri, 01 Jan 2100 00:00:00 GMT", 0.05), ("inf", 0.05)],
)
def test_the_server_says_how_long_to_wait_up_to_a_limit(server, make_model, caplog, header, wait):
    server.script = [status(429, headers={"Retry_After": header})]
    with caplog.at_level(logging.INFO, "curation"):
        make_model().generate([ask()])
    (retry,) = [r for r in caplog.records if r.name.startswith("curation")]
    assert retry.args[-1] == wait


@pytest.mark.parametrize("header", ["soon", "-5", "nan", "", "Thu, 99 Foo 2026", "0"])
def test_a_retry_after_that_says_nothing_leaves_the_own_back_off(server, make_model, header):
    server.script = [status(503, headers={"Retry_After": header})]
    assert make_model().generate([ask()])[0][0].text == "hi:1:0"


def test_after_the_last_attempt_status_server_and_its_words_are_named(server, make_model):
    server.script = [status(500, "out of luck " + "x" * 5000)] * 9
    with pytest.raises(ModelError, match=r"status 500: out of luck x+ \(after 3 attempts") as info:
        make_model().generate([ask()])
    assert server.url in str(info.value)
    assert len(str(info.value)) < 500
    assert len(server.seen) == 3
    assert not isinstance(info.value, ModelUnavailableError)


@pytest.mark.parametrize("code", [400, 409, 413, 422])
def test_a_request_that_is_refused_is_not_asked_again(server, make_model, code):
    server.script = [status(code, "no")] * 9
    with pytest.raises(ModelError, match=f"status {code}: no$"):
        make_model().generate([ask()])
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("trouble", "attempts"),
    [
        (status(401), 1),
        (status(402), 1),
        (status(403), 1),
        (status(404), 1),
        (reply(b"", 301, Location="http://127.0.0.1:1/"), 1),
        (status(400, code="model_not_found"), 1),
        (status(429, type="insufficient_quota"), 1),
        (status(429), 3),
    ],
)
def test_a_fault_of_key_model_or_account_stops_the_run(server, make_model, trouble, attempts):
    server.script = [trouble] * 9
    with pytest.raises(ModelUnavailableError, match="status"):
        make_model().generate([ask()])
    assert len(server.seen) == attempts


def test_a_missing_key_is_named_by_its_variable(server, make_model, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    server.script = [status(401, "who are you")]
    with pytest.raises(ModelUnavailableError, match=r"who are you .OPENAI_API_KEY is not set"):
        make_model().generate([ask()])


def test_a_server_that_cannot_be_reached_stops_the_run(make_model):
    gone = bad.MisbehavingServer()
    gone.close()
    with pytest.raises(ModelUnavailableError, match=r"cannot be reached.*after 3 attempts"):
        make_model(gone.url).generate([ask("a"), ask("b")])


def test_a_server_is_looked_for_when_its_model_is_opened(server):
    opened = open_openai_model(server.url, "m", "2026-01")
    assert (opened.name, opened.revision) == ("m", "2026-01")
    assert opened.generate([ask()])[0][0].text == "hi:1:0"
    opened.close()


def test_a_server_that_refuses_the_key_is_found_out_when_its_model_is_opened(server):
    server.listing = status(401, "wrong key")
    with pytest.raises(ModelUnavailableError, match="status 401: wrong key"):
        open_openai_model(server.url, "m")


@pytest.mark.parametrize("listing", [[], {"data": "all"}, {"data": [None]}, None, [{"id": "m"}]])
def test_a_server_whose_list_of_models_is_none_is_a_server(server, make_model, listing):
    server.listing = reply(listing)
    assert make_model().generate([ask()])[0][0].text == "hi:1:0"


def test_a_server_that_lists_no_models_is_a_server(server, make_model):
    server.listing = status(404, "no such page")
    make_model().check()
    assert make_model().generate([ask()])[0][0].text == "hi:1:0"


def test_once_the_model_is_unavailable_nothing_more_is_asked(server, make_model):
    server.scripts = {"other": [bad.slow] * 9}
    server.script = [status(401)]
    with pytest.raises(ModelUnavailableError):
        make_model(concurrency=2).generate([ask(), *[ask(f"other {i}") for i in range(20)]])
    assert len(server.seen) <= 3


@pytest.mark.parametrize("size", [2, 5, 64])
def test_one_culprit_costs_no_other_answer_and_is_given_up_once(server, make_model, size):
    server.scripts = {"poison": [status(500)] * 99}
    requests = [ask("poison" if i == size // 2 else f"q{i}") for i in range(size)]
    answers = isolate_failures(make_model().generate, requests)
    assert [i for i, a in enumerate(answers) if isinstance(a, Failure)] == [size // 2]
    assert server.asked("poison") == 3
    assert len(server.seen) == 3 + size - 1


def test_a_batch_that_failed_is_a_new_try_when_it_is_asked_as_a_whole_again(server, make_model):
    server.scripts = {"q1": [status(500)] * 3}
    model, batch = make_model(), [ask("q0"), ask("q1")]
    with pytest.raises(ModelError):
        model.generate(batch)
    assert [a[0].text for a in model.generate(batch)] == ["q0:1:0", "q1:1:0"]
    assert server.asked("q0") == 1


def test_an_answer_that_was_handed_out_is_not_kept(server, make_model):
    model = make_model()
    model.generate([ask()])
    model.generate([ask()])
    assert len(server.seen) == 2


def test_requests_that_are_equal_are_asked_once_even_in_a_batch_that_fails(server, make_model):
    server.scripts = {"poison": [status(400)] * 99}
    answers = isolate_failures(make_model().generate, [ask(), ask("poison"), ask(), ask()])
    assert [isinstance(a, Failure) for a in answers] == [False, True, False, False]
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    "trouble",
    [
        bad.echo_headers(400),
        bad.echo_headers(401),
        bad.echo_headers(500),
        reply(f"not JSON, {KEY}".encode()),
        reply(b"x" * 190 + KEY.encode()),
        reply(b"x" * 290 + KEY.encode(), 400),
        reply({"choices": KEY}),
        bad.cut,
        bad.slow,
    ],
)
def test_the_key_is_in_no_log_and_no_exception(server, make_model, caplog, trouble):
    server.script = [trouble] * 9
    names = [n for n in logging.root.manager.loggerDict if n.startswith(("openai", "http"))]
    with caplog.at_level(logging.DEBUG):
        for name in names:
            caplog.set_level(logging.DEBUG, name)
        model = make_model(timeout=0.3)
        with pytest.raises(ModelError) as info:
            model.generate([ask()])
    told = caplog.text + "".join(traceback.format_exception(info.value))
    told += "".join(repr(record.args) for record in caplog.records)
    told += repr(model) + repr(vars(model))
    assert "openai" in told
    assert KEY not in told
    assert KEY[:8] not in told
    assert info.value.__context__ is None


def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(make_model, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-first\nsk-second")
    with pytest.raises(ModelUnavailableError, match="OPENAI_API_KEY holds") as info:
        make_model()
    assert "sk-" not in str(info.value)


@pytest.mark.parametrize("url", ["", "localhost", "ftp://h/v1", "http://me:secret@h/v1"])
def test_an_address_that_is_none_is_refused_without_its_password(url):
    with pytest.raises(UsageError) as info:
        OpenAIModel(url, "m")
    assert "secret" not in str(info.value)


def test_a_closed_model_answers_no_more_and_leaves_no_thread(server, make_model):
    before = set(threading.enumerate())
    model = make_model()
    model.generate([ask()])
    model.close()
    model.close()
    assert [t for t in set(threading.enumerate()) - before if server.url in t.name] == []
    with pytest.raises(ModelError, match="closed"):
        model.generate([ask()])


def test_closing_a_model_ends_the_requests_under_way(server, make_model):
    server.script = [bad.slow]
    model = make_model()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(model.generate, [ask()])
        assert server.stuck.wait(30)
        model.close()
        with pytest.raises(ModelError, match="closed before"):
            waiting.result()
