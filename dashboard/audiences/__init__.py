"""The page of audiences: the list, one audience's own view, comparing, splitting."""
