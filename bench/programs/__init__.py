"""What is measured: one module per group of rows, one function per row."""
