"""How good drawings are: their rasters, a network that knows them, and measures of sets of them."""
