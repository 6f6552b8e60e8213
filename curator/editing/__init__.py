"""What a contributor's desk does to one text: drafts, pasted and imported code, files of a program, token counts."""
