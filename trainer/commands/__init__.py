"""One module per command of `trainer` that is more than a few lines; trainer/cli.py has the table."""
