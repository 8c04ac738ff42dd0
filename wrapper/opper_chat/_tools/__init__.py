"""Python functions as tools, and the loop that runs them."""
