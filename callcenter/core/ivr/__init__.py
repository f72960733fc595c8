"""The IVR: what a caller hears, and where each key leads, before a person answers."""
