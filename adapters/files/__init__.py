"""Media files: the roots they lie in, and the outside programs that look into them."""
