"""Making tags without code: the chooser, one form per way of making, the preview, keeping what was made."""

from dashboard.tagmaker.maker import draw

__all__ = ["draw"]
