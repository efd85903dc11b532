"""Counting in memory: Polars columns, dictionary codes and packed masks."""

from core.engines.memory.engine import MemoryEngine

__all__ = ["MemoryEngine"]
