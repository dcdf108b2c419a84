"""How a submission becomes a score, and how the students' version of an assignment is made."""
