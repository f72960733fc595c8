"""The engine's HTTP door: routes declared once, problems, logins, the live socket."""
