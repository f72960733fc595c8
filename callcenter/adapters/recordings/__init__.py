"""Sound that callers left: out of the switch's spool into the folder of recordings, exactly once."""
