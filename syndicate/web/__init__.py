"""The web faces: what readers see, and the editor's studio on loopback; each knows nothing of the other.

readers/     subscribe, confirm, leave, the archive: open to the world
studio/      the next issue and the next statuses, live, for the one who edits them: open to this machine
health.py    whether this process answers, and could do its work: for whoever watches
hosts.py     which host a request asks, for both
own_folder.py  a folder that one of them writes, and knows again
"""
