"""Benchmarks: ratios against baselines measured in the same run, on both databases."""
