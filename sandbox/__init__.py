"""A pocket Shopify: enough of the platform, with real state, to run the app on one machine without an account.

It reaches the app over HTTP only and shares no code with it: signatures, tokens and bodies are made here anew,
so that an error on one side cannot hide the same error on the other.
"""
