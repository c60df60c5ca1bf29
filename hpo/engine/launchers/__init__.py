"""Who carries a trial: processes of this machine."""
