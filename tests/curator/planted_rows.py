"""A synthetic foreign dataset with known defects, from a seed: what an audit must find, and all that it may find.

The clean rows are questions about BBj with a short program and prose of random English, so that no two are alike.
"""

import json
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

WORDS = """account address amount archive balance batch branch budget button calendar carrier cash catalog category
channel charge client column company contact contract copy cost counter country coupon courier credit currency customer
damage dealer debit deduction delivery department deposit depot device discount dispatch document driver duty
employee engine entry envelope estimate exchange expense export factory filter folder forecast freight garage
goods grade grid guest handler header holiday hour import income index insurance inventory invoice item journal
kernel label ladder lease ledger letter license limit line loan location lock machine mail margin market
material member menu merchant message meter model month network notice number office operator option order
outlet owner package page palette partner payment payroll pension period permit person phone picture plant plate
policy portal position prefix premium price printer process product profile profit project purchase quantity
quarter quota rate ratio receipt record refund region register rental repair reply report request reserve result
return revenue reward route salary sample schedule screen season seat sector segment seller sensor service
session sheet shelf shift shipment signal spare stamp statement station status stock storage street student
subject supplier survey switch symbol system table target tariff task tax team template tenant term ticket token
total tower trade trailer transfer travel trip truck union unit update user valve vendor version visit volume
voucher wage warehouse warranty week weight window worker yard year zone""".split()  # noqa: SIM905
VERBS = """adds archives books checks clears collects compares copies counts deletes edits exports filters finds groups
imports joins lists loads locks marks merges moves numbers opens orders packs posts prints ranks reads rounds routes
saves scans selects sends sorts splits stamps stores sums tests totals tracks updates validates weighs
writes""".split()  # noqa: SIM905
SYSTEM = "You are an expert in BBj and write programs for business applications."


@dataclass
class Planted:
    """The lines of a file and what is wrong with them: code -> line numbers, from 1."""

    lines: list[str] = field(default_factory=list)
    expected: dict[str, set[int]] = field(default_factory=dict)
    repeated_prompts: int = 0
    rows_with_repeated_prompts: int = 0

    def write(self, path: Path) -> Path:
        """The file on disk."""
        path.write_text("\n".join(self.lines) + "\n", "utf-8")
        return path

    def add(self, line: str, *codes: str) -> int:
        """One more line with its defects; returns its number."""
        self.lines.append(line)
        for code in codes:
            self.expected.setdefault(code, set()).add(len(self.lines))
        return len(self.lines)


class Maker:
    """Makes clean questions and answers, no two alike."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def sentence(self, words: int) -> str:
        """English enough for a language check: every noun with an article."""
        pick = self.random.choice
        parts = [f"{pick(('the', 'this', 'that'))} {pick(WORDS)} {pick(VERBS)}" for _ in range(max(words // 3, 1))]
        return f"{' and '.join(parts)} for the {pick(WORDS)}.".capitalize()

    def question(self) -> str:
        """A task in a sentence or two."""
        return f"Write a BBj program in which {self.sentence(15).lower()}"

    def program(self) -> str:
        """A program that the checker accepts."""
        pick, number = self.random.choice, self.random.randrange
        a, b, c = self.random.sample(WORDS, 3)
        lines = [
            f"rem {self.sentence(6)}",
            f'my_{a}$ = "{pick(WORDS)} {pick(WORDS)} {number(1000)}"',
            f"my_{b} = {number(9000)} + {number(90)}",
            f"for n_{c} = {number(5)} to {number(10, 99)}",
            f"    my_{b} = my_{b} + n_{c} * {number(2, 50)}",
            f'    print "{pick(WORDS)} {pick(VERBS)}", my_{b}, " ", my_{a}$',
            f"next n_{c}",
            f'if my_{b} > {number(100, 999)} then print "{pick(WORDS)} {pick(WORDS)}"',
            f'print len(my_{a}$), " {pick(WORDS)} {pick(WORDS)}"',
            "end",
        ]
        return "\n".join(lines) + "\n"

    def answer(self) -> str:
        """Prose, the program, prose."""
        return f"{self.sentence(9)}\n\n```bbj\n{self.program()}```\n\n{self.sentence(24)} {self.sentence(12)}"

    def fragment(self) -> str:
        """The beginning of an answer, in one of the ways answers break off."""
        word = self.random.choice(WORDS)
        beginnings = ("Here is the code:", f"The {word}", f"To read the {word}, you open the", f"{word.capitalize()}.")
        return self.random.choice(beginnings)


def row(question: str, answer: str) -> str:
    """A line of ChatML."""
    turns = (("system", SYSTEM), ("user", question), ("assistant", answer))
    return json.dumps({"messages": [{"role": role, "content": text} for role, text in turns]})


def planted(rows: int, groups: int, grouped_rows: int, literal: int, fragments: int, seed: int = 4) -> Planted:
    """`rows` rows: `groups` questions that `grouped_rows` of them ask, `literal` with literal line ends, `fragments`.

    Of the repeated questions every third is the same row again, every third has another answer, every third the first
    answer with a word changed.
    """
    made, maker = Planted(), Maker(seed)
    kinds = ["clean"] * (rows - grouped_rows - literal - fragments)
    sizes = [2 + (number < grouped_rows - 2 * groups) for number in range(groups)]
    kinds += [f"group {number}" for number, size in enumerate(sizes) for _ in range(size)]
    kinds += ["literal"] * literal + ["fragment"] * fragments
    maker.random.shuffle(kinds)
    firsts: dict[str, tuple[str, str]] = {}
    seen: Counter[str] = Counter()
    for kind in kinds:
        question, answer = maker.question(), maker.answer()
        if kind == "clean":
            made.add(row(question, answer))
        elif kind == "literal":
            made.add(row(question, answer.replace("\n", "\\n")), "W915")
        elif kind == "fragment":
            made.add(row(question, maker.fragment()), "E914")
        elif kind not in firsts:
            firsts[kind] = (question, answer)
            made.add(row(question, answer))
        else:
            first_question, first_answer = firsts[kind]
            seen[kind] += 1
            how = int(kind.split()[1]) % 3
            if how == 0:
                made.add(row(first_question, first_answer), "E920")
            elif how == 1:
                made.add(row(first_question, answer), "W922")
            else:
                changed = f"{first_answer} Done {seen[kind]}."
                made.add(row(first_question, changed), "W921")
    made.repeated_prompts, made.rows_with_repeated_prompts = groups, grouped_rows
    return made
