"""The wires: SMTP, Mastodon, and the outbox that writes real files instead. One file or folder each."""
