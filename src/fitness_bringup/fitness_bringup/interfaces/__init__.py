"""What each node publishes, hears and offers, asked of the nodes: the pages and policies made of it."""
