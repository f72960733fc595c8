"""Passwords by argon2, logins as signed JSON web tokens."""
