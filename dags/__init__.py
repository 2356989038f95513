"""When things run, in what order, and what to do when they break."""
