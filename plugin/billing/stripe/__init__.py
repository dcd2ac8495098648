"""Stripe, for direct contracts: the only door through which the app asks it anything."""
