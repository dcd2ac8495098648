"""The domain: points, money, orders and personal data; no HTTP, no templates, no vendor SDK."""
