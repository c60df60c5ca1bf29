"""What a search's best is worth: the race, the runs on all of the data, the intervals. Pure."""
