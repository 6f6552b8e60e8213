"""The data side of bbj-curator: examples, checks, near-duplicates, datasets. Importing it costs nothing."""

__version__ = "0.1.0"
