"""The frame around the pages: server, menu, state, language, theme, charts."""
