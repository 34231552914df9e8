"""The readers' pages: joining a list, confirming, leaving, choosing lists. No login, no cookie, no script.

proxies.py   who asks, seen through the proxies in between
forms.py     a request's body → its fields
asking.py    a request to join → go on, pretend, or ask again on our own page
pages.py     a template of the editor's, or ours where theirs is broken → the page
gate.py      before and after every page: which host, how much, how long, and the safe headers
desk.py      what all routes share: the installation, the pages, whom we believe
joining.py   the form, what becomes of it, and the button behind the link in the mail
leaving.py   leaving by one click or a button, and the preferences
approve.py   the editor's page for an issue that waits for approval: the letter, and one button
archive.py   the issues that left, for everybody (archive_pages.py draws them, archive_files.py writes them as files)
app.py       the routes
paste.py     the form that is pasted into a blog
"""
