"""Workflows in agent frameworks; each file needs its framework only when it is called."""
