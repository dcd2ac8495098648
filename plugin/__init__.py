"""The app a merchant installs: process, pages, billing and the domain."""
