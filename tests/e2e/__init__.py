"""Tests in a real browser; a package, so that browser and sandbox end with its last test and not with the session."""
