"""The whole program under fault: real processes, a sender that keeps count, and what breaks at random moments."""
