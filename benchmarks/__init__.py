"""What the product costs, beside what others take for the same: `python -m benchmarks`."""
