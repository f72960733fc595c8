"""The only place that knows everybody: builds neighbours, engine and services from settings.

A module for each process or step, so that none loads what only another one needs. No decisions here.
"""
