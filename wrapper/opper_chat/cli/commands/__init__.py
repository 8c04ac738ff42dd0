"""The commands, a module for each: ``add_arguments`` declares the arguments, and ``run`` runs the command."""
