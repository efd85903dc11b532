"""One interface, several makers of counts."""
