"""Analyses of where people stand; so far the journey."""
