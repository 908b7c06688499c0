"""What remotemedia is measured beside. Each says by itself whether it can be measured here."""
