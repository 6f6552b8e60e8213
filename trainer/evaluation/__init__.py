"""`trainer eval`: cases, replies, the code in them, verdicts, figures, report. See docs/evaluation.md."""
