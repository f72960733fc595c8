"""What the inside asks of the outside: protocols and their ordinary failures."""
