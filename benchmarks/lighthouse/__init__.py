"""What our blocks cost a storefront's visitor, as Lighthouse sees it."""
