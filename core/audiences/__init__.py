"""Audiences: their names, and the lists that are taken away."""
