"""Every code of the table shows what it means."""

import re

import pytest

from curator.bbj.check import check
from curator.bbj.codes import BBJ_CODES, ROWS, fill
from curator.diagnostic import Code, Severity, Tier

LETTERS = {"E": Severity.ERROR, "W": Severity.WARNING, "H": Severity.HINT}
TIERS = {"0": Tier.FILE, "3": Tier.SYNTAX, "4": Tier.COMPILER_RULE, "5": Tier.BLOCK_BALANCE, "6": Tier.STYLE}


@pytest.mark.parametrize("code", BBJ_CODES, ids=lambda code: code.code)
def test_the_bad_sample_gives_exactly_its_code_and_the_good_one_nothing(code: Code) -> None:
    assert [d.code for d in check(code.bad)] == [code.code]
    assert check(code.good) == []


@pytest.mark.parametrize("code", BBJ_CODES, ids=lambda code: code.code)
def test_number_severity_and_tier_agree(code: Code) -> None:
    assert re.fullmatch(r"[EWH]\d{3}", code.code)
    assert code.severity is LETTERS[code.code[0]]
    assert code.tier is TIERS[code.code[1]]
    assert code.title and code.why


def test_codes_are_unique() -> None:
    assert len({code.code for code in BBJ_CODES}) == len(BBJ_CODES)


@pytest.mark.parametrize("code", sorted(ROWS))
def test_messages_of_bad_samples_have_no_holes(code: str) -> None:
    diagnostic = check(ROWS[code].bad)[0]
    for text in (diagnostic.message, diagnostic.hint):
        assert "``" not in text.replace("```", "")
        assert not re.search(r"\{[a-z]+\}", text)
        assert "  " not in text


def test_a_word_that_is_not_given_leaves_no_braces() -> None:
    assert fill("E332", {})[0] == "`` is no verb of BBj"
