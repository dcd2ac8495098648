"""What Shopify and Stripe tell us: received once, stored, then handled."""
