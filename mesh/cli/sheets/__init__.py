"""Orders and products as CSV, and what is wrong with a sheet."""
