"""The steps of the setup, for `tools/bootstrap.py`. Standard library only."""
