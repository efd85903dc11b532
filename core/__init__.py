"""Coterie's core: who matches a rule, and why. No Streamlit, no Plotly; everything here can be scripted."""
