"""The split: stratified, and nothing moves when something is added."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.dataset.splits import SPLITS, Placed, Shares, balance, ledger_rows, place, read_ledger
from curator.errors import CuratorError

DOCUMENTS = st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 30)), min_size=1, max_size=120)
BATCHES = st.lists(DOCUMENTS, min_size=1, max_size=5)
SHARES = st.sampled_from([Shares(), Shares(0.2, 0.1), Shares(0.05, 0.3), Shares(0, 0.1), Shares(0.5, 0.5)])


Strata = dict[str, tuple[str, ...]]


def numbered(batches: list[list[tuple[str, int]]]) -> list[Strata]:
    """Batches of ids with their strata, of which four each share a wider group; no id twice."""
    made = []
    for number, batch in enumerate(batches):
        made.append({f"{number}/{n}": (s, "wide " + ("low" if s < "e" else "high")) for n, (s, _) in enumerate(batch)})
    return made


def worst(placed: Placed, strata: Strata, shares: Shares, level: int = 0) -> float:
    """By how many clusters a split of a stratum (or of a wider group: level 1) differs from its share, at most."""
    name_of = {placed.clusters[key]: strata[placed.clusters[key]][level] for key in placed.splits}
    counts = Counter((group, placed.splits[name]) for name, group in name_of.items())
    sizes = Counter(name_of.values())
    wanted = shares.as_dict()
    return max(abs(wanted[split] * sizes[group] - counts[group, split]) for group in sizes for split in SPLITS)


def all_in(stratum: str, keys: str) -> Strata:
    return dict.fromkeys(keys, (stratum,))


@given(BATCHES, SHARES)
def test_every_stratum_has_its_share_after_any_number_of_additions(batches, shares):
    strata: Strata = {}
    ledger: dict[str, str] = {}
    for batch in numbered(batches):
        strata |= batch
        placed = place(strata, [], ledger, shares)
        ledger |= placed.splits
        assert worst(placed, strata, shares) <= 1


@given(BATCHES)
def test_all_together_has_its_share_too(batches):
    strata: Strata = {}
    ledger: dict[str, str] = {}
    for batch in numbered(batches):
        strata |= batch
        ledger |= place(strata, [], ledger).splits
    whole = dict.fromkeys(strata, ("all",))
    assert worst(Placed(ledger, {key: key for key in ledger}), whole, Shares()) <= 2


@given(BATCHES)
def test_wider_groups_have_their_share_too(batches):
    strata: Strata = {}
    ledger: dict[str, str] = {}
    for batch in numbered(batches):
        strata |= batch
        placed = place(strata, [], ledger)
        ledger |= placed.splits
    assert worst(placed, strata, Shares(), level=1) <= 2


@given(BATCHES, SHARES)
def test_the_balance_says_by_how_much_each_group_misses_its_share(batches, shares):
    strata = {key: groups for batch in numbered(batches) for key, groups in batch.items()}
    placed = place(strata, [], {}, shares)
    told = {group.group: group for group in balance(strata, placed, shares)}
    assert set(told) == {group for groups in strata.values() for group in groups} | {"all"}
    assert sum(told["all"].clusters.values()) == len(strata)
    off = max(told[groups[0]].off for groups in strata.values())
    assert off == pytest.approx(worst(placed, strata, shares), abs=0.01)


LINKS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=60)


@given(BATCHES, LINKS)
def test_additions_move_nothing_and_no_link_leaves_a_split(batches, links):
    strata: Strata = {}
    ledger: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for batch in numbered(batches):
        new = sorted(batch)
        strata |= batch
        everything = sorted(strata)
        # an added document may be near to any other, but two old ones do not become near to each other
        found += [(new[a % len(new)], everything[b % len(everything)]) for a, b in links]
        found = [(a, b) for a, b in found if a != b]
        placed = place(strata, found, ledger)
        assert {key: placed.splits[key] for key in ledger} == ledger
        assert set(placed.splits) | set(placed.bridges) == set(strata)
        for a, b in found:
            if a in placed.splits and b in placed.splits:
                assert placed.splits[a] == placed.splits[b]
                assert placed.clusters[a] == placed.clusters[b]
        ledger |= placed.splits


@given(DOCUMENTS, LINKS, st.randoms())
def test_the_order_of_documents_and_links_changes_nothing(documents, links, chance):
    (strata,) = numbered([documents])
    keys = sorted(strata)
    pairs = [(keys[a % len(keys)], keys[b % len(keys)]) for a, b in links]
    once = place(strata, pairs, {})
    shuffled = chance.sample(sorted(strata.items()), len(strata))
    assert place(dict(shuffled), chance.sample(pairs, len(pairs)), {}) == once
    assert place(strata, pairs, once.splits) == once


def test_a_new_document_between_two_splits_is_left_out_and_neither_side_moves():
    ledger = {"a": "train", "c": "test"}
    placed = place(all_in("s", "abcd"), [("a", "b"), ("b", "c"), ("c", "d")], ledger)
    assert placed.bridges == {"b": ("a", "c")}
    assert placed.splits == {"a": "train", "c": "test", "d": "test"}


def test_of_two_new_documents_between_two_splits_one_finds_a_place():
    placed = place(all_in("s", "abcd"), [("a", "b"), ("b", "c"), ("c", "d")], {"a": "train", "d": "test"})
    assert placed.splits["b"] == "train"
    assert placed.bridges == {"c": ("b", "d")}


def test_held_out_documents_that_an_edit_made_near_to_training_go_there_with_all_near_to_them():
    ledger = {"a": "train", "b": "test", "c": "test", "d": "validation", "e": "test"}
    placed = place(all_in("s", "abcde"), [("a", "b"), ("b", "c"), ("d", "e")], ledger)
    assert placed.splits == {"a": "train", "b": "train", "c": "train", "d": "validation", "e": "validation"}


def test_what_is_gone_from_the_corpus_leaves_its_place_to_others():
    ledger = {f"old/{number}": "test" for number in range(9)}
    placed = place({f"new/{number}": ("s",) for number in range(10)}, [], ledger)
    assert Counter(placed.splits.values()) == {"train": 8, "validation": 1, "test": 1}


def test_a_corpus_of_a_dozen_has_something_in_every_split():
    assert set(place({str(n): (str(n % 6),) for n in range(12)}, [], {}).splits.values()) == set(SPLITS)


def test_a_ledger_is_read_as_it_was_written(tmp_path):
    ledger = {"gui/b": "test", "gui/ä \u2028": "train", "dwc/a": "validation"}
    path = tmp_path / "splits.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ledger_rows(ledger)), "utf-8")
    assert read_ledger(path) == ledger
    assert [row["id"] for row in ledger_rows(ledger)] == sorted(ledger)
    assert read_ledger(tmp_path / "none.jsonl") == {}


def test_an_id_that_two_branches_placed_differently_is_for_training(tmp_path):
    path = tmp_path / "splits.jsonl"
    path.write_text('{"id": "a", "split": "test"}\n{"id": "a", "split": "train"}\n', "utf-8")
    assert read_ledger(path) == {"a": "train"}


@pytest.mark.parametrize("line", ["<<<<<<< HEAD", '{"id": "a"}', "[]", '{"id": "a", "split": "exam"}'])
def test_a_damaged_ledger_is_an_error_with_its_line(tmp_path, line):
    path = tmp_path / "splits.jsonl"
    path.write_text(f'{{"id": "x", "split": "test"}}\n{line}\n', "utf-8")
    with pytest.raises(CuratorError, match=r"splits\.jsonl:2"):
        read_ledger(path)
