"""Indicators: declared groups and the engine that computes them."""
