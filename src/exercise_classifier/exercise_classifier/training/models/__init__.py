"""The networks: how they are built, configured, fitted and exported."""
