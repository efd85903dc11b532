"""The report: what analyses tell, written into one HTML page that needs nothing but itself."""
