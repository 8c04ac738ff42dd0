"""An interactive conversation: the turns, the lines that are typed, and the commands among them."""
