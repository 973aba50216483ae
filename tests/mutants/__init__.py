"""Puts faults into the code, one at a time, and shows which test catches each."""
