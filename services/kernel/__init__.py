"""What at least two services need: pure, small, without a library."""
