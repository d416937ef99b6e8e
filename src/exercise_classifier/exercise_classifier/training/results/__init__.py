"""How good a classifier is: its figures, and the pages that show them."""
