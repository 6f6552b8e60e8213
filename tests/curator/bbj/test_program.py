"""The program as a whole: frames, labels, balance."""

from curator.bbj.check import accepted, check


def codes(text: str) -> list[tuple[int, str]]:
    return [(d.line, d.code) for d in check(text)]


def test_labels_of_a_method_are_its_own() -> None:
    text = """gosub show
end
show: return
class public A
  method public void m()
    gosub show
  methodend
classend
"""
    assert codes(text) == [(6, "E401")]


def test_a_label_may_come_after_its_use_and_in_any_case() -> None:
    assert codes("goto Done\nDONE:\n") == []


def test_two_undefined_labels_are_two_diagnostics() -> None:
    assert codes("goto a\ngosub b\n") == [(1, "E401"), (2, "E401")]


def test_line_numbers_are_not_checked() -> None:
    assert codes("goto 9999\n") == []


def test_a_constructor_needs_no_type() -> None:
    assert codes("class public A\n  method public a(BBjString x$)\n  methodend\nclassend\n") == []


def test_methods_of_an_interface_have_no_end() -> None:
    assert codes("interface public A\n  method public void m()\n  method public void n()\ninterfaceend\n") == []


def test_comments_may_follow_the_frame() -> None:
    text = "class public A; rem a\n  method public void m(); rem m\n  methodend; rem m\nclassend; rem a\n"
    assert codes(text) == []


def test_unbalanced_blocks_are_warnings() -> None:
    found = check("for i = 1 to 2\nif a then\nwhile b\n")
    assert [d.code for d in found] == ["W503", "W501", "W505"]
    assert accepted(found)


def test_an_unclosed_inner_block_is_named_and_the_outer_one_not() -> None:
    assert codes("for i = 1 to 2\n  if a then\nnext i\n") == [(2, "W501")]


def test_blocks_of_a_method_end_with_it() -> None:
    text = "class public A\n  method public void m()\n    if a then\n  methodend\nclassend\nendif\n"
    assert codes(text) == [(3, "W501"), (6, "W502")]


def test_a_faulty_block_line_silences_the_balance() -> None:
    assert codes("if a == 1 then\n  b = 1\nendif\n") == [(1, "E310")]
    assert codes("for each x! in v!\n  print x!\nnext\n") == [(1, "E326")]


def test_numbered_lines_need_company() -> None:
    assert codes("10 print 1\n20 print 2\n") == []
    assert codes("print 1\n10 print 2\nprint 3\n") == [(2, "E421")]


def test_an_unfinished_method_is_one_diagnostic() -> None:
    assert codes("class public A\n  method public void m()\n    print 1\n") == [(2, "E412")]


def test_same_fields_in_two_classes_are_fine() -> None:
    text = (
        "class public A\n  field public BBjString s!\nclassend\nclass public B\n  field public BBjString s!\nclassend\n"
    )
    assert codes(text) == []


def test_a_tokenised_program_is_one_diagnostic() -> None:
    assert codes("<<bbj>>\x01\x02") == [(1, "E003")]
    assert codes("print 1\x00\x00") == [(1, "E003")]


def test_a_block_comment_is_one_diagnostic() -> None:
    assert codes("/* one\n  two three four\n*/\nx == 1\n") == [(1, "E314"), (4, "E310")]
