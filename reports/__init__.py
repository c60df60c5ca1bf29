"""Tables and figures made from finished values."""
