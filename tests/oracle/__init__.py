"""What the figures of a shop must be, computed slowly from the definitions, and histories to compute them for."""
