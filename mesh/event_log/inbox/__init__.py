"""The receiving end: each event has its effect once, or is parked."""
