"""The truth about a search that somebody else ran: what its best score is worth, and what to do next."""
