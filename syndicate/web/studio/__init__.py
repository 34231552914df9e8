"""The editor's studio: what goes out next, live, on this machine.

guard.py     who may ask: with the Host of this machine; and who may write: our own page, with the token
app.py       the routes
live.py      the installation kept open, and a stamp that tells cheaply whether anything changed
scene.py     what is shown until something changes: a look, or the fault that stands in its way
memory.py    what was worked out before, so that one word's change costs little
look.py      the installation as it stands, or would → one frozen `Look`: issues, statuses, entries, notices
arranging.py the next issue as the editor arranges it
inbox.py     its line as mail programs cut it
findings.py  what the lint found, by the place that it speaks of
entries.py   each of the newest posts, and the facts on it; why.py puts them in words
statuses.py  what each account posts next, and posted last
letters.py   an issue → its exact HTML, text and .eml for a sample reader
viewing.py   a letter → what the frame shows: dark or light, pictures from here or none
values.py    what the page's template knows; page.py lays it out
events.py    what changed, told as it happens
editing.py   what the page writes
stills.py    all of it as files; camera.py has a browser take pictures of the letters
"""
