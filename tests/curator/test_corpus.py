"""The door to training-data: finding, writing without loss, names that cannot leave the folder."""

import os

import pytest

from curator import corpus
from curator.errors import CuratorError, MissingError


def test_the_root_is_found_from_inside_beside_and_below(tmp_path):
    root = tmp_path / "training-data"
    (root / "gui").mkdir(parents=True)
    (tmp_path / "src" / "deep").mkdir(parents=True)
    for start in (root, root / "gui", tmp_path, tmp_path / "src" / "deep"):
        assert corpus.find_root(start) == root.resolve()


def test_a_folder_without_a_corpus_is_an_error(tmp_path):
    with pytest.raises(MissingError, match="training-data"):
        corpus.find_root(tmp_path)


def test_paths_are_sorted_without_readmes_and_hidden_files(tmp_path):
    for name in ("gui/b.md", "gui/a.md", "README.md", ".git/x.md", "gui/.a.md.tmp", "gui/x.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert corpus.example_paths([tmp_path]) == [tmp_path / "gui/a.md", tmp_path / "gui/b.md"]


def test_a_missing_path_is_an_error(tmp_path):
    with pytest.raises(MissingError, match="nowhere"):
        corpus.example_paths([tmp_path / "nowhere"])


def test_a_failed_write_leaves_the_old_text_and_no_draft(tmp_path):
    path = tmp_path / "a.md"
    corpus.write(path, "old")
    with pytest.raises(RuntimeError), corpus.replacing(path) as draft:
        draft.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_an_unwritable_folder_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(CuratorError, match="cannot be written"):
        corpus.write(tmp_path / "a.md", "x")


def test_a_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "gui").write_text("x")
    with pytest.raises(CuratorError, match="cannot be written"):
        corpus.write(tmp_path / "gui" / "a.md", "x")


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("../../etc/passwd", "etc-passwd"),
        ("3 ways to read a file", "ways-to-read-a-file"),
        ("Größe & Maß", "grosse-mass"),
        ("C:\\temp\\x", "c-temp-x"),
        ("日本", ""),
    ],
)
def test_a_title_becomes_a_kebab_name_inside_the_corpus(title, slug):
    assert corpus.slugify(title) == slug


def test_a_taken_name_gets_a_number_and_a_nameless_title_is_refused(tmp_path):
    first = corpus.new_path(tmp_path, "gui", "Hello")
    corpus.write(first, "x")
    assert corpus.new_path(tmp_path, "gui", "hello!") == tmp_path / "gui" / "hello-2.md"
    with pytest.raises(CuratorError, match="letter"):
        corpus.new_path(tmp_path, "gui", "!!!")
    with pytest.raises(CuratorError, match="topic"):
        corpus.new_path(tmp_path, "../gui", "x")
