"""The tables of words agree with the parser and with each other."""

from curator.bbj import words
from curator.bbj.foreign import FOREIGN_WORDS
from curator.bbj.statements import VERBS
from curator.bbj.verbs import FORMS


def test_every_verb_of_the_table_is_parsed_and_the_other_way_round() -> None:
    assert set(VERBS) - {"?", "then"} == words.VERBS


def test_words_are_lower_case() -> None:
    for name in dir(words):
        table = getattr(words, name)
        if isinstance(table, frozenset):
            assert all(word == word.lower() for word in table), name


def test_the_reserved_words_have_the_sizes_that_were_measured() -> None:
    assert len(words.RESERVED_AS_VARIABLE | {"table"}) == 56  # `table` is disputed
    assert len(words.RESERVED_AS_LABEL) == 34


def test_functions_return_one_type() -> None:
    assert not words.STRING_FUNCTIONS & words.NUMBER_FUNCTIONS


def test_forms_use_the_little_language() -> None:
    for verb, form in FORMS.items():
        for part in form.replace("(c)?", "").replace("(c)", "").split():
            assert part[0] in "sne" and part[1:] in ("", "?", "*"), (verb, form)


def test_foreign_words_that_are_verbs_decide_by_what_follows() -> None:
    for word in set(FOREIGN_WORDS) & words.VERBS - {"string"}:
        assert FOREIGN_WORDS[word]([word, "", "", "", ""], 0) is None or word in ("endif",), word
