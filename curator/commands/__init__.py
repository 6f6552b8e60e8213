"""One module per command of `curator`; curator/cli.py has the table and imports a command when it is asked for."""
