"""JSON text to values and back: the codec, lenient reading of values, and JSON that is not complete yet."""
