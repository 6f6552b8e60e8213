"""The review: its rules, its record beside the corpus, who is who, what can be undone. See docs/review.md."""
