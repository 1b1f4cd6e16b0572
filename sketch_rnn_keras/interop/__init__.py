"""Models of other implementations: each module translates one format."""
