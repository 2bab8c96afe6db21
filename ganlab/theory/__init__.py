"""The mathematics as functions: divergences, densities, transport, and games small enough to solve."""
