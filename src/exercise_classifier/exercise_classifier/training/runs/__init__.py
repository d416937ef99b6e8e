"""What `./fitness train`, `evaluate` and `--tune` do: data, folds, fits and their evaluation together."""
