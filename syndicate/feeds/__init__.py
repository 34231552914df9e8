"""url → entries: fetch a feed politely and safely, parse what came, and tell which entries are new."""
