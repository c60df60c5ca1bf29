"""Where to look next: the space, proposals, narrowing, stopping, candidates. Pure: no database, no clock, no file."""
