"""The command ``opper-chat``: one module of `commands` for each of its commands. `main` runs it.

Importing this package loads nothing else. The modules here are no interface for programs: the command is.
"""
