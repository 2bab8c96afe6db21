"""What a generator is worth, and how a loss curve is read: modes, distances, features, verdicts."""
