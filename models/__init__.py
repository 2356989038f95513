"""Models: specs, training, registry, scoring, reasons."""
