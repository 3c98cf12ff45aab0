"""`curate` as a process of its own: statuses that a shell sees, and a quick start."""

import subprocess
import sys

import pytest


def curate(*args):
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("args", "status"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["validate", "quickstart"], 0),
        (["validate", "no/such.yaml"], 2),
        (["run", "quickstart", "--output", "o", "--direct_running_mode=multi_threading"], 2),
        (["inspect", "no/such/folder"], 1),
    ],
)
def test_a_shell_sees_the_status(args, status):
    done = curate(*args)
    assert done.returncode == status
    assert bool(done.stderr) == (status != 0)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [["--help"], ["run", "--help"], ["schema"]])
def test_help_and_schema_load_nothing_heavy(command):
    code = (
        "import sys; from pipelines.cli import app; app(sys.argv[1:], standalone_mode=False); "
        "print(sorted({'apache_beam', 'torch', 'polars', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["run", "preview", "validate", "inspect", "schema"])
def test_the_help_of_a_command_has_examples(command):
    assert f"curate {command} " in curate(command, "--help").stdout.split("Examples:")[1]


def test_a_closed_pipe_is_no_error():
    process = subprocess.Popen(
        [sys.executable, "-m", "pipelines.cli", "schema", "Recipe"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.wait(timeout=60)
    process.stderr.close()
