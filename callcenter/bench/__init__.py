"""Measures the centre against the issue's targets, on this machine, beside Asterisk's own app_queue.

figures   percentiles, medians and ranges, targets: met or missed and by how much
machine   what this machine is and what it is doing: CPU clocks, memory, who else is busy
capture   when INVITEs come and go, by the kernel's clock
house     a whole centre under test: app_queue at its best, or this engine
calls, waiting, start, core     the four benches
report    tables and JSON
"""
