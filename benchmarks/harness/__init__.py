"""What all measurements share: how they are run, reported and held against the goals."""
