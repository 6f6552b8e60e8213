"""The dataset that the trainer reads: its rows, its split, its leak audit, its files. See docs/datasets.md."""
