"""Measurements on data that nobody here made; each writes build/bench/<name>.json."""
