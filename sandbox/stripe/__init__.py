"""A small Stripe: what a subscription needs, with Stripe's own parameter types, object shapes and signatures.

One account in test mode. Its only way to the app is the webhook, and the app's only way in is the API.
"""
