"""What a text is to us: its characters, tokens, identifiers, and which of its words mean the same."""
