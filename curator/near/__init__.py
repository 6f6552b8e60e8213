"""The live index: what a draft is near to in a corpus, in well under a millisecond. See docs/near-index.md."""
