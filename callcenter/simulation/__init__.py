"""The real core in a made-up centre: a scenario's callers and agents, and a clock that is moved."""
