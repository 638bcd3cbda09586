"""How articles are written by people: opened, changed, saved with a history, moved. No Flask here."""
