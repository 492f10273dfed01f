"""A model that learns what bars look like before prices rise or fall: features, training, drift, and the process it trains in."""
