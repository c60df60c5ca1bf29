"""The tables that people read, laid out once for the terminal, the page and the dashboard."""
