"""One file per kind of cell: its states and what they cost, what it reads, what it says and how sure it is.

`nimmer.life.senses` is the table of them; docs/cells.md shows how a new one is made.
"""
