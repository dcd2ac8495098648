"""The tests: unit (pure), integration (real databases and HTTP), e2e (a browser), architecture (the tree itself)."""
