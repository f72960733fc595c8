"""Fakes, builders and test phones, shipped with the package so that anybody can test on them."""
