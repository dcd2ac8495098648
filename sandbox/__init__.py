"""A pocket Shopify: enough of the platform to run and test the whole app on one machine."""
