"""Simulated callers and agents who talk over real SIP and RTP, and a judge who believes only them."""
