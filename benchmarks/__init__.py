"""Programs that measure the client (`speed`) and put it under load (`loads`). Run them from the repository's root."""
