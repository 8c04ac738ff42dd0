"""What ``opper-chat batch`` adds to `opper_chat.batch`: its options, its display, the dry run and the status."""
