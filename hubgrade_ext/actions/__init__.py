"""The verbs of instructors and students, one file each, as generators of Progress."""
