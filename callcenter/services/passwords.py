"""Passwords that are made up for people: some are typed into a telephone, so no two signs look alike."""

import secrets
from typing import Final

SIGNS: Final = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def make_password(length: int) -> str:
    """`length` random signs, each worth 5.8 bits."""
    return "".join(secrets.choice(SIGNS) for _ in range(length))
