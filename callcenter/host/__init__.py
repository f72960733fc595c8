"""This machine: everything that prepares and keeps processes alive.

Nothing in here knows about calls. It finds or fetches Asterisk, renders its configuration, starts
and watches processes, and says what is missing. It takes plain values, so that it can be used
before the settings have been read and from a script of ten lines.
"""
