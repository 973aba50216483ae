"""The processes that are measured, and the floors they are measured against."""
