"""The page of tags: the catalogue, one tag's own view, health, refreshes."""
