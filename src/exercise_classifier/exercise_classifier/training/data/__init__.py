"""From takes to what is fitted to: datasets, windows, augmentation, folds."""
