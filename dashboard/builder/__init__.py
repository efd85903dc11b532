"""The builder: a component in the browser that draws a rule, and the desk in Python that owns it."""
