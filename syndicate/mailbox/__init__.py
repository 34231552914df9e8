"""The return mailbox: where bounces, complaints and goodbyes arrive. It is read here and understood elsewhere.

model.py    what a reader of it needs: the messages, and to put each out of the way
imap.py     a mailbox on a server
maildir.py  a Maildir on this machine
"""
