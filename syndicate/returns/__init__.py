"""Mail that comes back: bytes → what they say about whom. Pure; the mailbox and the store are elsewhere."""
