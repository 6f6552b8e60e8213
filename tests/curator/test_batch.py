"""Many files at once: the same findings with one process and with two."""

from curator import batch
from curator.codes import CODES


def test_two_processes_find_what_one_finds(tmp_path, monkeypatch):
    monkeypatch.setattr(batch, "PARALLEL_FROM", 2)
    monkeypatch.setattr(batch, "_CHUNK", 3)
    folder = tmp_path / "training-data" / "gui"
    folder.mkdir(parents=True)
    samples = [CODES[code].bad for code in ("E102", "E202", "E213", "E104", "H221")]
    for number, text in enumerate(samples * 2):
        (folder / f"e{number}.md").write_text(text)
    (folder / "broken.md").write_bytes(b"\xff")
    (folder / "E0.md").write_text(CODES["E101"].good)
    paths = sorted(folder.iterdir())
    alone = batch.check_files(paths, "builtin", jobs=1)
    assert batch.check_files(paths, "builtin", jobs=2) == alone
    assert {d.code for d in alone} == {"E102", "E202", "E213", "E104", "H221", "E001", "E231", "E241"}
