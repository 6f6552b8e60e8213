"""The BBj language: logical lines, tokens, statements, the whole program, and what `check()` says about them.

Nothing here reads files, prints or starts programs.
Try: `python -c "from curator.bbj.check import check; print(check('x == 1'))"`.
"""
