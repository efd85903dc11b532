"""Immutable data versions on disk, committed atomically."""
