"""Who may receive: mailing lists, subscribers, subscriptions, suppressions, and the policy over them."""
