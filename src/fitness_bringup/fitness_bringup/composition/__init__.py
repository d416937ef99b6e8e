"""The graph made of its nodes: which there are, their parameters, in one process or in one each."""
