"""Measurements of hubgrade beside nbgrader; `scripts/bench` runs them."""
