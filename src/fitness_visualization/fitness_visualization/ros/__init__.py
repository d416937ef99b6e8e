"""Between the plain data of this package and messages."""
