"""CPU seconds of a night's window features: our engine beside Spark, DuckDB and Polars that recompute."""
