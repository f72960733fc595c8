"""One file per noun, thin: each gives a `Routes` built from the service it stands in front of."""
