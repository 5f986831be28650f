"""Plain rules about the text of messages: folding, segments, splitting, redaction."""
