"""What the corpus covers, and what to write next."""
