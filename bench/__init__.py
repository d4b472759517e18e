"""Benchmarks: what performance is claimed, measured as ratios in one interleaved run. Nothing here is a test."""
