"""The workflow in docs/how-to/ci-judge.md does in GitHub Actions what its page says."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from doc_blocks import code_blocks

yaml = pytest.importorskip("yaml")

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/ci-judge.md"
MARK = "<!-- pytest-coreml -->"

# The command that records: at its first call somebody else pushes.
RECORDER = """#!/bin/bash -e
mkdir -p baselines
echo run > baselines/ours.json
if [ ! -e ../raced ]; then
  touch ../raced
  git -C ../other push -q origin HEAD:main
fi
"""
# The part of GitHub's command line that the workflow uses, with the comments in a folder, one file each.
GH = """#!/bin/bash -e
echo "$*" >> "$COMMENTS/../calls"
case "$*" in
  *--jq*) grep -l -m 1 "^<!-- pytest-coreml -->" "$COMMENTS"/* | xargs -r -n 1 basename ;;
  *PATCH*) cp comment.md "$COMMENTS/$(echo "$*" | sed 's:.*/comments/\\([0-9]*\\).*:\\1:')" ;;
  *) cp comment.md "$COMMENTS/$(( $(ls "$COMMENTS" | wc -l) + 1 ))" ;;
esac
"""


@pytest.fixture(scope="module")
def workflow() -> dict[Any, Any]:
    """The workflow of the page."""
    (text,) = (block.text for block in code_blocks(PAGE.read_text()) if block.language == "yaml")
    loaded: dict[Any, Any] = yaml.safe_load(text)
    return loaded


def script(workflow: dict[Any, Any], job: str, name: str) -> str:
    """Return the commands of one step."""
    (found,) = (step["run"] for step in workflow["jobs"][job]["steps"] if step.get("name") == name)
    return str(found)


def run(text: str, folder: Path, **environment: str) -> None:
    """Run a step as GitHub Actions does where a workflow names no shell."""
    subprocess.run(["bash", "-e", "-c", text], cwd=folder, env={**os.environ, **environment}, check=True, timeout=60)


def git(folder: Path, *words: str) -> str:
    """Run git, without the configuration of a user."""
    person = ("-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *person, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def executable(path: Path, text: str) -> None:
    """Write a script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def test_only_the_recording_job_may_write_to_the_repository(workflow: dict[Any, Any]) -> None:
    """The one that comments may write comments only; the rest can read."""
    assert workflow["permissions"] == {"contents": "read"}
    assert {name: job.get("permissions") for name, job in workflow["jobs"].items()} == {
        "linux": None,
        "hosted-mac": None,
        "judge": None,
        "comment": {"pull-requests": "write"},
        "record": {"contents": "write"},
    }


def test_a_job_that_may_write_runs_nothing_of_a_pull_request(workflow: dict[Any, Any]) -> None:
    """The recording job is for pushes, the commenting one checks nothing out, and the judging ones keep no token.

    No step has text of a pull request in its commands: it would be run.
    """
    *judging, comment, record = workflow["jobs"].values()

    assert record["if"] == "github.event_name == 'push'"
    assert not any("checkout" in step.get("uses", "") for step in comment["steps"])
    assert all(job["steps"][0]["with"]["persist-credentials"] is False for job in judging)
    assert not any("${{" in step.get("run", "") for job in workflow["jobs"].values() for step in job["steps"])


def test_recording_jobs_run_one_after_the_other(workflow: dict[Any, Any]) -> None:
    """A run that records is never cancelled."""
    assert workflow["jobs"]["record"]["concurrency"] == {"group": "record-performance", "cancel-in-progress": False}
    assert "cancel-in-progress" not in workflow["jobs"]["comment"]["concurrency"]


def test_a_run_is_recorded_though_somebody_pushes_at_the_same_time(workflow: dict[Any, Any], tmp_path: Path) -> None:
    """The push is refused, and made again on top of what is there by then; the clone is as shallow as a checkout."""
    git(tmp_path, "init", "-q", "--bare", "server")
    for name in ("other", "ours"):
        git(tmp_path, "clone", "-q", *(["--depth=1"] if name == "ours" else []), f"file://{tmp_path}/server", name)
        if name == "other":
            git(tmp_path / name, "commit", "-q", "--allow-empty", "-m", "first")
            git(tmp_path / name, "push", "-q", "origin", "HEAD:main")
    git(tmp_path / "other", "commit", "-q", "--allow-empty", "-m", "theirs")
    executable(tmp_path / "ours/.venv/bin/pytest-coreml", RECORDER)

    run(script(workflow, "record", "Record"), tmp_path / "ours")

    assert git(tmp_path / "server", "log", "--format=%s", "main").splitlines() == [
        "Record a performance run [skip ci]",
        "theirs",
        "first",
    ]
    assert git(tmp_path / "server", "ls-tree", "-r", "--name-only", "main").split() == ["baselines/ours.json"]


def test_the_comment_is_posted_once_and_then_updated(workflow: dict[Any, Any], tmp_path: Path) -> None:
    """It is told from comments of others by its first line."""
    executable(tmp_path / "bin/gh", GH)
    comments = tmp_path / "comments"
    comments.mkdir()
    (comments / "1").write_text("Nice.\n")
    environment = {
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "COMMENTS": str(comments),
        "GITHUB_REPOSITORY": "a/b",
        "NUMBER": "7",
    }

    for text in ("first", "second"):
        (tmp_path / "comment.md").write_text(f"{MARK}\n{text}\n")
        run(script(workflow, "comment", "Comment"), tmp_path, **environment)

    assert {path.name: path.read_text() for path in comments.iterdir()} == {"1": "Nice.\n", "2": f"{MARK}\nsecond\n"}
    assert "repos/a/b/issues/7/comments" in (tmp_path / "calls").read_text()


def test_the_comment_begins_with_its_mark_and_what_failed(workflow: dict[Any, Any], tmp_path: Path) -> None:
    """The comment is the output of `show` for the report, cut at the limit of GitHub."""
    executable(
        tmp_path / ".venv/bin/pytest-coreml", "#!/bin/bash\necho '### Core ML: 1 failed'\nyes | head -c 100000\n"
    )

    run(script(workflow, "judge", "Write the comment"), tmp_path)
    text = (tmp_path / "comment.md").read_text()

    assert text.startswith(f"{MARK}\n### Core ML: 1 failed\n")
    assert len(text) < 65_536
