"""Settings, the Spark session, source mappings and scenario parameters."""
