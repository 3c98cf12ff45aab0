"""What a process with vLLM in it leaves behind: nothing, however it ends."""

import os
import signal
import subprocess
import sys

import pytest
from vllm_processes import processes_of

from curation.models import embedded

PROGRAM = """
import os, sys
from curation.models.loading import load_model
from curation.models.protocols import GenerationRequest
from schemas.records import Message

model = load_model(f"vllm:{sys.argv[1]}", max_context=512)
request = GenerationRequest([Message("user", "Name a colour.")], 1, 8)
print(model.generate([request])[0][0].new_tokens, os.environ.get("LD_PRELOAD"), flush=True)
while sys.argv[2] == "for ever":
    model.generate([request._replace(max_new_tokens=400, n=8)])
"""


@pytest.fixture
def start():
    """Start the program in a session of its own, whose processes can be told from all others."""
    sessions = []

    def start(how_long):
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(embedded.fetch()), how_long],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        sessions.append(program.pid)
        return program

    yield start
    for session in sessions:
        for process in processes_of(session):
            process.kill()


def test_a_program_that_has_ended_leaves_no_process(start):
    program = start("once")
    output, errors = program.communicate(timeout=300)
    assert program.returncode == 0, errors
    assert output.splitlines()[-1] == f"8 {os.environ.get('LD_PRELOAD')}"
    assert not processes_of(program.pid)


def test_ctrl_c_ends_the_program_and_leaves_no_process(start):
    program = start("for ever")
    assert program.stdout.readline().startswith("8")
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=60)
    assert program.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert not processes_of(program.pid)
