"""`curator dedupe`: what is read, which documents are near or in conflict, which is kept and why, what is written."""
