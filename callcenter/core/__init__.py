"""The rules, pure: no I/O, no clock, no randomness of their own. Time comes in with each fact."""
