"""The output files of a batch: which rows they have, and how rows are appended to them."""
