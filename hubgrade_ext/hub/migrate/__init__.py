"""A configuration of 2015 (JupyterHub 0.x, nbgrader 0.2) written as today's; the old file is read, never run.

```
text ── ast ──► settings.py  where `c.Class.trait` stands, and what literal it is given
                rules.py     what became of each name: another name, or nothing and why
                rewrite.py   edits of the text: comments and layout of what stays are kept
                follow_up.py commands for what is no longer said in a file
```
"""
