"""Tasks: runs that agents work off, what they cost, and what is said about them."""
