"""The hooks in another repository, with the real pre-commit: quick, silent when clean, loud when not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from curator.codes import CODES

ROOT = Path(__file__).parent.parent
GOOD = CODES["E101"].good
HOOKS = ("bbj-example", "bbj-example-syntax", "bbj-example-similar", "bbj-syntax")

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="needs git")


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def hooks(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A repository that uses this project's hooks from a snapshot of it, and the environment to run them in."""
    base = tmp_path_factory.mktemp("hooks")
    project = base / "project"
    project.mkdir()
    for name in ("curator", "trainer", "schemas"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE", "hatch_build.py", ".pre-commit-hooks.yaml"):
        shutil.copy(ROOT / name, project / name)
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "snapshot")
    user = base / "user"
    (user / "training-data" / "gui").mkdir(parents=True)
    (user / "src").mkdir()
    config = {
        "repos": [
            {
                "repo": project.as_posix(),
                "rev": git(project, "rev-parse", "HEAD"),
                "hooks": [{"id": name} for name in HOOKS],
            }
        ]
    }
    (user / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    git(user, "init", "-q")
    kept = {"PRE_COMMIT_HOME": str(base / "cache"), "BBJ_CURATOR_CACHE": str(base / "index")}
    return user, {**os.environ, **kept}


def run(hooks: tuple[Path, dict[str, str]], files: dict[str, str]) -> tuple[int, str]:
    folder, environment = hooks
    for name, text in files.items():
        (folder / name).write_text(text)
    git(folder, "add", "-A")
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files", "--color", "never"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.xdist_group("pre-commit")
def test_clean_files_pass_in_silence(hooks):
    code, said = run(hooks, {"training-data/gui/a.md": GOOD, "src/a.bbj": "print 1\n", "training-data/README.md": "x"})
    assert code == 0, said
    assert said.count("Passed") == len(HOOKS) and "judge" not in said


@pytest.mark.xdist_group("pre-commit")
def test_each_hook_reports_its_own_findings_with_the_line(hooks):
    code, said = run(
        hooks,
        {
            "training-data/gui/a.md": CODES["E102"].bad.replace('"Hello"', '"Hello'),
            "src/a.bbj": 'print 1\nprint "a\n',
        },
    )
    assert code == 1
    assert said.count("Failed") == 3
    assert "training-data/gui/a.md:4:13: E102" in said
    assert said.count("training-data/gui/a.md:11:") == 1
    assert "src/a.bbj:2:" in said


@pytest.mark.xdist_group("pre-commit")
def test_a_copy_of_an_example_is_refused_unless_it_is_a_wanted_variant(hooks):
    whole = (ROOT / "training-data" / "strings" / "compare-typed-codes.md").read_text("utf-8")
    copy = whole.replace("same warehouse", "equal")
    names = "training-data/gui/a.md", "training-data/gui/b.md"
    code, said = run(hooks, {names[0]: whole, names[1]: copy, "src/a.bbj": "print 1\n"})
    try:
        assert code == 1 and said.count("Failed") == 1, said
        assert f"near-duplicate of {names[0]} (Jaccard 0." in said and f"near-duplicate of {names[1]}" in said
        code, said = run(hooks, {names[1]: copy.replace("type:", "variant_of: gui/a\nvariant_note: why\ntype:", 1)})
        assert code == 0, said
    finally:
        (hooks[0] / names[1]).unlink()


def test_this_repository_uses_the_hooks_it_offers():
    offered = {hook["id"]: hook for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}
    used = {
        hook["id"]: hook
        for repo in yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
        for hook in repo["hooks"]
    }
    for name in ("bbj-example", "bbj-example-syntax", "bbj-example-similar"):
        assert used[name]["entry"] == offered[name]["entry"]
