"""Keeps secrets out of what a run writes: a run folder is passed on, zipped, attached to a question.

A token gets into a command line or a library's warning more easily than one thinks. What is known to be one is
replaced: values of environment variables named like secrets, tokens of the shapes that trackers and model hubs use, and
passwords in addresses.
"""

import os
import re

HIDDEN = "[removed]"
_NAMES = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_KEY|CREDENTIAL", re.I)
_SHAPES = re.compile(
    r"\b(?:hf_\w{16,}|sk-[\w-]{16,}|gh[pousr]_\w{16,}|wandb_v\d_\w{16,})|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
)


def has_secret(text: str) -> bool:
    """Does something in the text have the shape of a secret?"""
    return bool(_SHAPES.search(text))


def redact(text: str) -> str:
    """The text with every known secret replaced."""
    for name, value in os.environ.items():
        # Short values are switches ("true", "1"), and would be found everywhere.
        if len(value) >= 8 and _NAMES.search(name):
            text = text.replace(value, HIDDEN)
    return _SHAPES.sub(HIDDEN, text)
