"""`curator audit`: every planted defect is found and nothing else, and one bad line stops nothing."""

import gzip
import hashlib
import json
import random
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from curator.cli import cli, run
from curator.codes import CODES
from curator.errors import CuratorError, MissingError
from curator.rows import audit_report, checking, near_rows, private_data, row_text
from curator.rows.audit import audit
from curator.rows.audit_codes import AUDIT_CODES
from curator.rows.foreign_rows import BadLine, Row, read_rows
from curator.rows.near_rows import NearTexts, hashes
from curator.rows.row_checks import Options
from curator.rows.scratch import Scratch
from curator.similarity import shingles
from tests.curator.planted_rows import Maker, Planted, planted, row

BUILTIN = Options("builtin")
QUESTION = "Write a BBj program that prints the total of the orders in the file."
PROGRAM = 'rem Print a total\ntotal = 3\nprint "Total:", total\nend\n'
ANSWER = f"The program adds up and prints.\n\n```bbj\n{PROGRAM}```\n\nIt ends with END."


def curator(*arguments: str) -> int:
    return run(cli, "curator", list(arguments))


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def codes(tmp_path: Path, *lines: str, options: Options = BUILTIN) -> list[str]:
    return [d.code for d in audit(written(tmp_path, *lines), options).findings]


def messages(*turns: str) -> str:
    return json.dumps({"messages": [{"role": turn.split(":")[0], "content": turn.split(":", 1)[1]} for turn in turns]})


def assert_finds_exactly(path: Path, expected: Planted, jobs: int | None = 1) -> None:
    report = audit(path, BUILTIN, jobs=jobs)
    found: dict[str, set[int]] = {}
    for finding in report.findings:
        found.setdefault(finding.code, set()).add(finding.line)
    assert found == expected.expected
    assert report.counts == {code: len(lines) for code, lines in sorted(found.items(), key=lambda item: item[0][1:])}
    assert (report.repeated_prompts, report.rows_with_repeated_prompts) == (
        expected.repeated_prompts,
        expected.rows_with_repeated_prompts,
    )


def test_every_planted_defect_is_found_and_nothing_else(tmp_path):
    made = planted(rows=700, groups=30, grouped_rows=65, literal=12, fragments=9, seed=11)
    assert_finds_exactly(made.write(tmp_path / "rows.jsonl"), made)


def test_the_known_defects_of_ten_thousand_rows_are_all_found(tmp_path):  # tests/bench/audit.py says how fast
    made = planted(rows=9922, groups=375, grouped_rows=766, literal=60, fragments=22)
    assert_finds_exactly(made.write(tmp_path / "rows.jsonl"), made, jobs=None)


BAD_LINES = {
    "cut off": ('{"messages": [', "not JSON"),
    "a number": ("42", "a number, not an object"),
    "an array file": ("[", "not JSON"),
    "other keys": ('{"text": "x"}', "none of the keys"),
    "no turns": ('{"messages": []}', "empty"),
    "turns that are text": ('{"messages": "x"}', "a string"),
    "a turn without text": ('{"messages": [{"role": "user"}]}', "turn 1"),
    "text that is null": ('{"messages": [{"role": "user", "content": null}]}', "turn 1 is null, not text"),
    "no output": ('{"instruction": "x"}', 'no "output"'),
    "half a character": (messages("user:x", "assistant:y").replace('"y"', r'"\ud83d"'), "lone surrogate"),
    "nested without end": ("[" * 100_000, "nested more than 100 deep"),
    "nested too deep": ('{"more": ' * 150 + "1" + "}" * 150, "nested more than 100 deep"),
    "a key twice": ('{"messages": [], "messages": 1}', 'the key "messages" stands twice'),
    "a key twice in a turn": ('{"messages": [{"role": "user", "role": "x", "content": "x"}]}', '"role" stands twice'),
    "not a number": ('{"messages": [], "score": NaN}', "NaN is no JSON value"),
    "minus infinity": ('{"messages": [], "score": -Infinity}', "-Infinity is no JSON value"),
    "an infinite number": (messages("user:x", "assistant:y")[:-1] + ', "score": 1e999}', "1e999 is too large"),
    "a huge number": ('{"messages": ' + "9" * 5000 + "}", "not JSON that can be read"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_reported_kept_aside_and_stops_nothing(tmp_path, name):
    line, why = BAD_LINES[name]
    path = written(tmp_path, row(QUESTION, ANSWER), line, row("How do I end a BBj program?", "Write END or RELEASE."))
    rows = list(read_rows(path))
    assert [type(item) for item in rows] == [Row, BadLine, Row]
    report = audit(path, BUILTIN)
    assert [(d.code, d.line) for d in report.findings] == [("E911", 2)]
    assert why in next(iter(report.findings)).message
    assert rows[1].raw == line


def test_bytes_that_are_not_utf8_are_reported_with_their_column(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(row(QUESTION, ANSWER).encode() + b'\n{"messages": "\xfc"}\n')
    (finding,) = audit(path, BUILTIN).findings
    assert (finding.line, finding.column, finding.message) == (2, 15, "not UTF-8: byte 0xFC")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_file_in_another_encoding_is_refused_with_what_to_do(tmp_path, encoding):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(row(QUESTION, ANSWER).encode(encoding))
    with pytest.raises(CuratorError, match="not UTF-8; save it as UTF-8"):
        audit(path, BUILTIN)


def test_a_line_of_zeros_at_the_start_is_one_bad_line(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\0\0\0\0\n" + row(QUESTION, ANSWER).encode())
    assert [(d.code, d.line) for d in audit(path, BUILTIN).findings] == [("E911", 1)]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"], ids=["empty", "blank", "a mark"])
def test_a_file_without_rows_is_said(tmp_path, capsys, content):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(content)
    assert curator("audit", str(path)) == 1
    assert "no row in it" in capsys.readouterr().err


def test_an_array_is_said_to_be_one(tmp_path, capsys):
    assert curator("audit", str(written(tmp_path, f"[{row(QUESTION, ANSWER)}]"))) == 1
    assert "this looks like one JSON array" in capsys.readouterr().out


def test_a_byte_order_mark_and_windows_line_ends_of_the_file_are_no_findings(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + row(QUESTION, ANSWER).encode() + b"\r\n")
    assert not audit(path, BUILTIN).findings


def test_progress_tells_every_stage_to_its_end(tmp_path):
    maker, last = Maker(3), {}
    path = written(tmp_path, *(row(maker.question(), maker.answer()) for _ in range(30)))
    audit(path, BUILTIN, progress=lambda stage, done, total: last.__setitem__(stage, (done, total)))
    assert list(last) == ["rows.jsonl, bytes read", "questions compared", "answers compared"]
    assert all(done == total for done, total in last.values())


HARMLESS = {
    "headings": "# x\n" * 25_000,
    "blanks in a heading": f"# x{' ' * 200_000}y",
    "blanks behind a fence": f"```{' ' * 200_000}y",
    "file names": "<!-- filename: x " * 12_000,
    "mail addresses": "a@b." * 50_000,
    "digits": "4" * 200_000,
    "line ends": "\\n" * 100_000,
    "brackets in code": f"```bbj\nx={'(' * 60_000}\n```",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_fifth_of_a_megabyte_of_anything_takes_no_square_time(tmp_path, name):  # or this test would not end today
    report = audit(written(tmp_path, row(QUESTION, f"It does so: {HARMLESS[name]}\n{HARMLESS[name]}")), BUILTIN)
    assert report.rows == 1


def fenced(word: str, code: str = PROGRAM) -> str:
    return f"This program adds up the orders.\n\n```{word}\n{code}```\n\nIt prints the total."


ROWS = {
    "a good row": (row(QUESTION, ANSWER), []),
    "prose only": (row("What does END do?", "It ends the program and closes the files."), []),
    "two turns": (messages("user:What is END?", "assistant:It ends a program.", "user:And STOP?",
                           "assistant:It stops in the console."), []),
    "an answer first": (messages("assistant:It ends a program."), ["E912"]),
    "two questions in a row": (messages("user:What?", "user:Well?", "assistant:It ends a program."), ["E912"]),
    "no answer": (messages("user:What is END?"), ["E912"]),
    "a second system message": (messages("system:a", "system:b", "user:c", "assistant:It ends a program."), ["E912"]),
    "an unknown role": (messages("user:What is END?", "tool:It ends a program."), ["E912"]),
    "an empty answer": (row(QUESTION, " \n"), ["E913"]),
    "an empty question": (row("", ANSWER), ["E913"]),
    "a word": (row(QUESTION, "Certainly!"), ["E914"]),
    "an empty fence": (row(QUESTION, "```bbj\n```"), ["E914"]),
    "a broken sentence": (row(QUESTION, "To read the file you need to open the"), ["E914"]),
    "only an announcement": (row(QUESTION, "Here is the program that you asked for:"), ["E914"]),
    "literal line ends": (row(QUESTION, ANSWER.replace("\n", "\\n")), ["W915"]),
    "escaped throughout": (row(QUESTION, json.dumps(ANSWER)[1:-1]), ["W915"]),
    "a question about line ends": (row('What does "\\n" mean, and "\\r\\n"?', "The end of a line, in Java."), []),
    "line ends in a script": (row(QUESTION, fenced("bbj", 'a! = "x\\ny"\nprint a!\n')), []),
    "a Windows path": (row("Read C:\\data\\new\\names.txt and D:\\new.", ANSWER), []),
    "only code": (row(QUESTION, PROGRAM), ["W916"]),
    "code in prose": (row(QUESTION, f"Do it like this:\n\n{PROGRAM}\nThat is all there is to it."), ["W916"]),
    "a fence without a word": (row(QUESTION, fenced("")), ["W917"]),
    "a fence of another BASIC": (row(QUESTION, fenced("vb")), ["W917"]),
    "a fence of Java with BBj in it": (row(QUESTION, fenced("java", 'a! = "x"\nprint "see ", a!\n')), ["W917"]),
    "a fence with output": (row(QUESTION, f"{ANSWER}\n\n```\nTotal: 3\n```"), []),
    "a fence of another language": (row(QUESTION, f"{ANSWER}\n\n```css\n.a {{ color: red }}\n```"), []),
    "an open fence": (row(QUESTION, f"So:\n\n```bbj\n{PROGRAM}"), ["E918"]),
    "code that is wrong": (row(QUESTION, fenced("bbj", "print (1\nnext\n")), ["E919"]),
    "a GUI program for DWC": (row("In DWC, show a window.", fenced("bbj", 'g! = BBjAPI().openSysGui("X0")\n')),
                              ["H702"]),
    "a GUI program for the terminal": (
        row("Write a character-based program.", fenced("bbj", 'g! = BBjAPI().openSysGui("X0")\n')), ["W701"]),
    "tokens of a template": (row(QUESTION, f"{ANSWER}<|im_end|>"), ["E930"]),
    "Windows line ends": (row(QUESTION, ANSWER.replace("\n", "\r\n")), ["H931"]),
    "blanks around": (row(QUESTION, f"\n{ANSWER}  "), ["H931"]),
    "a mail address": (row(QUESTION, f"{ANSWER} Ask anna.berg@firma.de."), ["W928"]),
    "nobody's mail address": (row(QUESTION, f"{ANSWER} Ask anna@example.com."), []),
    "a bank account": (row(QUESTION, f"{ANSWER} Pay to DE75 5121 0800 1245 1261 99."), ["W928"]),
    "a number that is no bank account": (row(QUESTION, f"{ANSWER} It is DE75 5121 0800 1245 1261 98."), []),
    "a card": (row(QUESTION, f"{ANSWER} Pay with 4539 5787 6362 1486."), ["W928"]),
    "German": (row(QUESTION, "Das Programm liest die Datei und gibt für jeden Satz eine Zeile mit dem Namen aus."),
               ["W929"]),
    "Russian": (row("Как открыть файл в программе?", ANSWER), ["W929"]),
    "a German word": (row("What does the word Rechnung in the file mean?", "It is German for an invoice."), []),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_a_row_gives_exactly_its_findings(tmp_path, name):
    line, expected = ROWS[name]
    assert codes(tmp_path, line) == expected


OTHER = "Show how a file is opened, read to its end and closed again in a loop of BBj."
PAIRS = {
    "E920": (row(QUESTION, ANSWER), row(QUESTION.upper().replace(" ", "  "), ANSWER)),
    "W921": (row(QUESTION, ANSWER), row(QUESTION, f"{ANSWER} Enjoy.")),
    "W922": (row(QUESTION, ANSWER), row(QUESTION, "Use a loop, read every record, and print what you have summed.")),
    "W923": (row(QUESTION, ANSWER), row(OTHER, ANSWER)),
    "W924": (row(OTHER, ANSWER), row(f"{OTHER} Please.", "Use a loop, read every record, and close the channel.")),
    "W925": (row(QUESTION, ANSWER), row(OTHER, f"{ANSWER} Enjoy.")),
}


@pytest.mark.parametrize("code", PAIRS)
def test_two_rows_that_repeat_each_other_are_found_at_the_second_one(tmp_path, code):
    (finding,) = audit(written(tmp_path, *PAIRS[code]), BUILTIN).findings
    assert (finding.code, finding.line) == (code, 2)
    assert "line 1" in finding.message


def test_an_unusual_length_is_found(tmp_path):
    maker = Maker(1)
    lines = [row(maker.question(), maker.answer()) for _ in range(40)]
    lines.append(row(maker.question(), f"{maker.answer()} {' '.join(maker.sentence(30) for _ in range(40))}"))
    (finding,) = audit(written(tmp_path, *lines), BUILTIN).findings
    assert (finding.code, finding.line) == ("H926", 41)


def test_a_rejection_names_the_judge_and_the_reason(tmp_path):
    (finding,) = audit(written(tmp_path, ROWS["code that is wrong"][0]), BUILTIN).findings
    assert finding.message.startswith("built-in ")
    assert "rejects the code: E3" in finding.message and "(line 1 of program 1)" in finding.message


def test_without_a_judge_no_code_is_called_wrong_and_the_report_says_so(tmp_path):
    report = audit(written(tmp_path, ROWS["code that is wrong"][0]), Options("none"))
    assert not report.findings
    assert "code: no judge was asked" in report.not_checked
    assert report.programs == {"no verdict": 1}


def test_the_three_forms_and_gzip_give_the_same_rows(tmp_path):
    turns = [("system", "Be brief."), ("user", "What is END?\n\nIn BBj."), ("assistant", "It ends a program.")]
    roles = {"system": "system", "user": "human", "assistant": "gpt"}
    forms = {
        "chatml": {"messages": [{"role": role, "content": text} for role, text in turns]},
        "sharegpt": {"conversations": [{"from": roles[role], "value": text} for role, text in turns]},
        "alpaca": {"system": "Be brief.", "instruction": "What is END?", "input": "In BBj.", "output": turns[2][1]},
    }
    path = tmp_path / "rows.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, forms.values())).encode()))
    rows = list(read_rows(path))
    assert [r.form for r in rows] == list(forms)
    assert [[(m.role, m.content) for m in r.messages] for r in rows] == [turns] * 3


def test_a_gzip_file_that_is_cut_off_gives_its_rows_and_one_bad_line(tmp_path):
    path = tmp_path / "rows.jsonl.gz"
    lines = "".join(f"{row(QUESTION, f'{random.Random(n).random()}')}\n" for n in range(400))
    packed = gzip.compress(lines.encode())
    path.write_bytes(packed[: len(packed) // 2])
    rows = list(read_rows(path))
    assert len(rows) > 50
    assert [type(r) for r in rows[-2:]] == [Row, BadLine]
    assert "gzip" in rows[-1].why


def test_fix_mends_what_is_safe_keeps_the_rest_aside_and_changes_nothing_in_place(tmp_path, capsys):
    mended = ["literal line ends", "only code", "a fence without a word", "an open fence", "Windows line ends"]
    unsafe = ["a word", "no answer", "code that is wrong", "tokens of a template"]
    lines = []
    for number, name in enumerate([*mended, *unsafe]):
        data = json.loads(ROWS[name][0])
        for turn in data["messages"]:
            turn["content"] = turn["content"].replace("total", f"total{number}")
        lines.append(json.dumps({**data, "kept": number}))
    path = written(tmp_path, *lines, lines[0], "no json")
    before = path.read_bytes()
    out = tmp_path / "clean.jsonl"

    assert curator("audit", str(path), "--compiler", "builtin", "--fix", str(out)) == 1

    assert path.read_bytes() == before
    kept = [json.loads(line) for line in out.read_text().splitlines()]
    assert [data["kept"] for data in kept] == list(range(len(mended)))
    answers = [data["messages"][-1]["content"] for data in kept]
    assert all("```bbj\n" in answer and answer.count("```") == 2 and "\\n" not in answer for answer in answers)
    removed = [json.loads(line) for line in (tmp_path / "removed.jsonl").read_text().splitlines()]
    reasons = [[reason["code"] for reason in entry["reasons"]] for entry in removed]
    assert reasons == [["E914"], ["E912"], ["E919"], ["E930"], ["E920"], ["E911"]]
    assert removed[-1]["raw"] == "no json" and removed[0]["row"]["kept"] == len(mended)
    said = capsys.readouterr().err
    mended_rows = [json.loads(line) for line in (tmp_path / "mended.jsonl").read_text().splitlines()]
    assert [(entry["line"], [fix["code"] for fix in entry["fixes"]]) for entry in mended_rows] == [
        (1, ["W915"]), (2, ["W916"]), (3, ["W917"]), (4, ["E918"]), (5, ["H931"]),
    ]  # fmt: skip
    assert [json.dumps(entry["before"]) for entry in mended_rows] == lines[: len(mended)]
    assert [json.dumps(entry["row"]) for entry in removed[:-1]] == [*lines[len(mended) :], lines[0]]
    assert "5 rows written" in said and "W917 BBj code in another fence 1" in said
    assert not {d.code for d in audit(out, BUILTIN).findings} & {"W915", "W916", "W917", "E918", "H931", "E920"}


def test_every_fix_is_listed_with_its_line(tmp_path):
    report = audit(written(tmp_path, ROWS["a good row"][0], ROWS["a fence of another BASIC"][0]), BUILTIN)
    assert [(fix.line, fix.code, fix.what) for fix in report.fixes()] == [(2, "W917", 'fence word "vb" made bbj')]
    assert report.fix_counts == {"W917": 1}


def test_rows_without_a_mistake_are_written_as_they_stand(tmp_path):
    odd = json.dumps({"n": 1.50, "messages": json.loads(row(QUESTION, ANSWER))["messages"]}, indent=None).replace(
        "1.5", "1.50e+00"
    )
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + odd.encode() + b"\r\n" + row(OTHER, "Use READ in a loop, please.").encode())
    curator("audit", str(path), "--fix", str(tmp_path / "clean.jsonl"))
    assert (tmp_path / "clean.jsonl").read_text() == odd + "\n" + row(OTHER, "Use READ in a loop, please.") + "\n"


@pytest.mark.parametrize("out", ["rows.jsonl", "removed.jsonl", "mended.jsonl"])
def test_fix_never_writes_over_the_audited_file_or_mixes_up_its_own(tmp_path, out, capsys):
    path = written(tmp_path, row(QUESTION, ANSWER))
    assert curator("audit", str(path), "--fix", str(tmp_path / out)) == 2
    assert "choose another name" in capsys.readouterr().err
    assert path.read_text() == row(QUESTION, ANSWER) + "\n"


def test_memory_does_not_grow_with_the_file(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "CHUNK_BYTES", 100_000)
    path = tmp_path / "rows.jsonl"
    long = row(QUESTION, f"{ANSWER} {'!' * 22_000}")
    peaks = []
    for rows in (1, 150, 300):  # the first pays for tables and imports; the second is more than is read ahead
        path.write_text(f"{long}\n" * rows)
        tracemalloc.start()
        report = audit(path, Options("none", "any"))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert report.counts.get("E920", 0) == rows - 1
    assert path.stat().st_size > 6e6
    # a finding for each of 150 rows more, and none of their 3 MB of text
    assert peaks[2] - peaks[1] < 1e6


def test_a_text_of_ten_megabytes_and_one_without_any_token_are_read(tmp_path):
    big = "The program reads the next record. " * 300_000
    found = codes(tmp_path, row(QUESTION, big), row("???", "!!! !!!"), options=Options("none"))
    assert "E914" in found and "E911" not in found


@pytest.mark.parametrize(
    ("postings", "parts"),
    [(500_000, 128), (900, 128), (300, 2)],
    ids=["one part", "many parts", "parts that are too large"],
)
@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.9])
def test_near_texts_are_those_of_a_comparison_of_all_with_all(threshold, postings, parts, monkeypatch):
    monkeypatch.setattr(near_rows, "_MOST_PARTS", parts)
    chance = random.Random(3)
    words = [f"w{number}" for number in range(900)]
    texts: list[str] = []
    for _ in range(500):
        if texts and chance.random() < 0.4:
            text = chance.choice(texts).split()
            for _ in range(chance.randrange(6)):
                text[chance.randrange(len(text))] = chance.choice(words)
        else:
            text = ["write", "me", "a", "program", "that", *chance.choices(words, k=chance.randrange(1, 60))]
        texts.append(" ".join(text))
    near = NearTexts(Scratch(), postings=postings)
    for number, text in enumerate(texts):
        near.add(number, hashes(text))
    sets = [shingles.of(text) for text in texts]
    everything = {
        (a, b): shingles.jaccard(sets[a], sets[b])
        for b in range(len(texts))
        for a in range(b)
        if shingles.jaccard(sets[a], sets[b]) >= threshold
    }
    found = {(a, b): similarity for a, b, similarity in near.pairs(threshold)}
    assert {pair: everything[pair] for pair in found} == pytest.approx(found)
    larger = {max(pair, key=lambda n: (len(sets[n]), n)) for pair in everything}
    assert {max(pair, key=lambda n: (len(sets[n]), n)) for pair in found} == larger
    assert everything, "the texts must have something to find"


def test_of_many_copies_of_one_text_every_one_has_a_partner():  # tests/bench/audit.py says how fast
    near = NearTexts(Scratch())
    for number in range(4000):
        text = f"write a program that reads all the orders of one customer and prints them {number}"
        near.add(number, hashes(text))
    assert len(list(near.pairs(0.7))) == 3999


def test_the_page_stands_alone_and_shows_text_as_text(tmp_path, capsys):
    path = written(tmp_path, row(QUESTION, "<script>"), ROWS["code that is wrong"][0], row(OTHER, ANSWER))
    page = tmp_path / "report.html"
    assert curator("audit", str(path), "--compiler", "builtin", "--html", str(page)) == 1
    text = page.read_text("utf-8")
    assert text.count("<svg") >= 3 and "&lt;script&gt;" in text
    assert "<script" not in text and "http" not in text and "src=" not in text
    assert 'aria-label="Findings by code: E914 a fragment of an answer 1' in text


def test_json_holds_every_finding(tmp_path, capsys):
    path = written(tmp_path, *(row(f"{QUESTION} {n}", "No.") for n in range(12)))
    assert curator("audit", str(path), "--format", "json", "--compiler", "builtin") == 1
    read = json.loads(capsys.readouterr().out)
    assert read["counts"] == {"E914": 12} and len(read["findings"]) == 12
    assert read["judge"].startswith("built-in") and read["rows"] == 12


def test_the_terminal_shows_the_first_of_each_code_and_how_many_more(tmp_path, capsys):
    path = written(tmp_path, *(row(f"{QUESTION} {n}", "No.") for n in range(12)))
    assert curator("audit", str(path), "--compiler", "builtin") == 1
    out, err = capsys.readouterr()
    assert 'E914  12 x  a fragment of an answer\n      line 1: the whole answer is "No."' in out
    assert "and 7 more" in out
    assert "12 rows, 12 of them unfit for training; 12 findings (judge: built-in" in err


def test_a_finding_is_one_line_whatever_it_quotes(tmp_path):
    roles = json.dumps({"messages": [{"role": "a\nb" * 100, "content": "x"}]})
    report = audit(written(tmp_path, row(QUESTION, "~~~\n" * 50), roles, row(QUESTION, "No\nway.")), BUILTIN)
    assert {d.code for d in report.findings} == {"E914", "E912"}
    assert all("\n" not in d.message and len(d.message) < 100 for d in report.findings)


def test_a_file_without_findings_is_fine(tmp_path, capsys):
    assert curator("audit", str(written(tmp_path, row(QUESTION, ANSWER)))) == 0
    assert "1 rows, none of them unfit" in capsys.readouterr().err


def test_a_missing_file_is_said_and_leaves_no_output(tmp_path, capsys):
    assert curator("audit", str(tmp_path / "no.jsonl"), "--fix", str(tmp_path / "out.jsonl")) == 3
    assert "no such file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    with pytest.raises(CuratorError, match="is a folder"):
        list(read_rows(tmp_path))


def test_lengths_are_counted_in_tokens_with_a_tokenizer(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"x": 0, "[UNK]": 1}, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    path = written(tmp_path, messages("user:x x x", "assistant:x x x x x"))
    report = audit(path, Options("none", "any"), tokenizer=tmp_path / "tokenizer.json")
    assert report.lengths["row, tokens"].total == 8
    with pytest.raises(MissingError):
        audit(path, tokenizer=tmp_path / "no.json")


SECRETS = {
    "aws": "AKIA" + "IOSFODNN7" + "QWERTYZ",
    "github": "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "url": "https://anna:" + "tr0ub4dor@host.firma.de/",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_found_and_not_repeated(tmp_path, kind):
    pytest.importorskip("detect_secrets")
    (finding,) = audit(written(tmp_path, row(QUESTION, f"{ANSWER}\nKey: {SECRETS[kind]} here.")), BUILTIN).findings
    assert finding.code == "E927"
    assert SECRETS[kind] not in finding.message


def test_what_was_not_looked_for_is_said(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("detect_secrets")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "detect_secrets", None)
    private_data._detectors.cache_clear()
    try:
        report = audit(written(tmp_path, row(QUESTION, ANSWER)), BUILTIN)
    finally:
        private_data._detectors.cache_clear()
    assert report.not_checked == ("secrets: needs detect-secrets; run: pip install 'bbj-curator[audit]'",)


def test_an_audit_loads_nothing_heavy(tmp_path):
    path = written(tmp_path, row(QUESTION, ANSWER))
    script = (
        "import sys\nfrom curator.cli import cli, run\n"
        f"assert run(cli, 'curator', ['audit', {str(path)!r}, '--compiler', 'builtin']) == 0\n"
        "assert not {'numpy', 'datasketch', 'textual', 'torch', 'transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)


def test_the_codes_of_an_audit_mean_nothing_else():
    for row_of_table in AUDIT_CODES:
        assert CODES.get(row_of_table.code, row_of_table) == row_of_table
        assert row_of_table.severity.value[0].upper() == row_of_table.code[0]
        assert row_of_table.why
    assert audit_report.title("W809") != "W809"


def test_text_that_is_unescaped_keeps_what_is_meant_as_written():
    assert row_text.unescaped('print \\"a\\"\\nend') == 'print "a"\nend'
    assert row_text.unescaped('open "C:\\new" first\\nprint "\\n"') == 'open "C:\\new" first\nprint "\\n"'


def test_the_planted_file_is_the_same_for_the_same_seed():
    made = ["\n".join(planted(50, 4, 9, 3, 2, seed).lines) for seed in (7, 7, 8)]
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in made]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limits of a process")
def test_no_room_for_temporary_files_is_said(tmp_path):
    """The system refuses to let a file grow beyond 10 kB, as it does when there is no room."""
    path = written(tmp_path, *(row(f"{QUESTION} {Maker(n).sentence(90)}", ANSWER) for n in range(100)))
    script = (
        "import resource, sys\nfrom curator.cli import cli, run\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        f"sys.exit(run(cli, 'curator', ['audit', {str(path)!r}, '--compiler', 'none']))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 2
    assert "no temporary file:" in done.stderr and "make room, or set TMPDIR" in done.stderr
