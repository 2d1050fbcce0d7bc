"""Which network and which addition to its training gets how far: see `bench.accuracy.run`."""
