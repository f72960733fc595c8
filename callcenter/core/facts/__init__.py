"""The published language: what has happened, one frozen dataclass a fact, named in the past tense.

Append only. A fact is never changed once it was released; a new field gets a default.
"""
