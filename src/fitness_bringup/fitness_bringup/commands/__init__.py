"""What a command of `./fitness` parses, prints and does that no other room does: `cli.py` puts them together."""
