"""What each table promises: one ODCS file per table, and what is made from it."""
