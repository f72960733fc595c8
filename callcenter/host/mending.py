"""What all complaints about this machine have in common: their text says how to mend it."""


class Mendable(Exception):
    """Something stands in the way that people can put right; the text says what and how. It is shown as it
    is, never as a trace."""
