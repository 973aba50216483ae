"""What reads orders."""
