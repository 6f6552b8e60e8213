"""`python -m trainer`: the `trainer` command, for launchers that start modules (accelerate launch --module trainer)."""

from trainer.cli import main

if __name__ == "__main__":
    main()
