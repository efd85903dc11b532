"""The manager's view: what its pages have in common, and their charts."""
