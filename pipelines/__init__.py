"""Runnable compositions: the graph, recipes and the command line."""
