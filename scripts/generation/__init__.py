"""Parts of `scripts/generate.py`: reading and checking the contract, checking what was made, and writing it."""
