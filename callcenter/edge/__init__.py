"""The edge: a small process that owns TLS, the page and the phones' sockets. It outlives the engine.

A browser's phone is registered only as long as its socket lives. If the engine owned that socket,
every restart of the engine would take every browser off the phone, and callers who fall back would
find nobody to ring. So the sockets end here, on the way straight to the switch; who may open one is
read from a signed token, without asking the engine.
"""
