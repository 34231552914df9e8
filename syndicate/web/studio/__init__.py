"""The editor's studio: what goes out next, live, on this machine.

guard.py     who may ask: with the Host of this machine
app.py       the routes
live.py      the installation kept open, and a stamp that tells cheaply whether anything changed
look.py      the installation as it stands now → one frozen `Look`: issues, statuses, entries, notices
entries.py   where each of the newest posts stands, and why
statuses.py  what each account posts next, and posted last
letters.py   an issue → its exact HTML, text and .eml for a sample reader
viewing.py   a letter → what the frame shows: dark or light, pictures from here or none
"""
