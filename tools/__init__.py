"""Scripts of the set-up; nothing here is part of the app."""
