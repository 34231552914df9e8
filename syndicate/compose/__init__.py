"""reviews → messages: choose the reviews of an issue, render its letter, compose a status."""
