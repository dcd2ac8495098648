"""Screenshots of every state that a person can see, for people to look at: `make screens`."""
