"""What every call to another service carries: token, trace, deadline, consistency token."""
