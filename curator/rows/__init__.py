"""Foreign datasets in JSONL: read, audited, mended, and turned into examples. See docs/audit.md."""
