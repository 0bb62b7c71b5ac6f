"""Fitting, applying and judging models on arrays; knows no layer."""
