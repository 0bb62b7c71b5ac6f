"""The pages of the layer: signals, orders, portfolio, limits."""
