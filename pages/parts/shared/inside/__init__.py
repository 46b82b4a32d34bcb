"""Inside the network: one picture followed through all layers."""
