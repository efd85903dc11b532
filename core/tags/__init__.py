"""The catalogue of tags."""
