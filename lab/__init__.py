"""Instruments: data, networks, training and measurements. Knows torch, has never heard of the report."""
