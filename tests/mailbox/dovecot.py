"""A real Dovecot on loopback ports, with a folder, a config and users of its own; gone with the run."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from syndicate.mailbox.imap import Account, ImapMailbox

TLS = Path(__file__).parent.parent / "data" / "tls"
PASSWORD = 'Lïght house 9 "quoted"'
PLAIN, BELOW_INBOX = "plain.example", "below.example"
"""Domains of users: where all folders of theirs stand beside the inbox, and below it, with dots."""
START_SECONDS = 10
WITHOUT = {
    "127.0.0.1": None,
    "127.0.0.2": "IMAP4rev1 UIDPLUS",
    "127.0.0.3": "IMAP4rev1",
}
"""What the server can do, by the address at which it is asked: all, no MOVE, neither MOVE nor UIDPLUS."""
CONFIG = """\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = {listen}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login
mail_location = maildir:~/Maildir
mail_fsync = never
maildir_stat_dirs = yes
first_valid_uid = 1
default_vsz_limit = 512M
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%d {folder}/users
}}
userdb {{
  driver = prefetch
}}
namespace inbox {{
  inbox = yes
  prefix =
  separator = /
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""
AS_USER = """\
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


class Dovecot:
    """The server. Each user's Maildir is a folder that a test may look into and write to."""

    def __init__(self, program: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="syndicate-imap-"))
        self.folder.chmod(0o755)
        self.port, self.tls_port = _free_port(), _free_port()
        self._owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        (self.folder / "users").write_text(self._users(), encoding="utf-8")
        path = self.folder / "dovecot.conf"
        path.write_text(self._config(), encoding="utf-8")
        self._process = subprocess.Popen(
            [program, "-F", "-c", str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _config(self) -> str:
        text = CONFIG.format(
            folder=self.folder,
            listen=" ".join(WITHOUT),
            certificate=TLS / "localhost.pem",
            port=self.port,
            tls_port=self.tls_port,
        )
        for address, abilities in WITHOUT.items():
            if abilities:
                text += f"local {address} {{\n  protocol imap {{\n    imap_capability = {abilities}\n  }}\n}}\n"
        if os.geteuid() != 0:
            import grp

            text += AS_USER.format(user=self._owner.pw_name, group=grp.getgrgid(self._owner.pw_gid).gr_name)
        return text

    def _users(self) -> str:
        """Return a line for each kind of user, by domain: the server reads the file but once in a second or so."""
        home = f"userdb_uid={self._owner.pw_uid} userdb_gid={self._owner.pw_gid} userdb_home={self.folder}/%u"
        below = "userdb_namespace/inbox/prefix=INBOX. userdb_namespace/inbox/separator=."
        return f"{PLAIN}:{PASSWORD}::::::{home}\n{BELOW_INBOX}:{PASSWORD}::::::{home} {below}\n"

    def _wait(self) -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                break
            with socket.socket() as line:
                if line.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        told = self.log()
        self.close()
        raise RuntimeError(f"dovecot did not start: {told}")

    def log(self) -> str:
        """Return what the server has to say."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def user(self, name: str) -> Path:
        """Make a user, and return the Maildir."""
        home = self.folder / name
        for place in ("new", "cur", "tmp"):
            (home / "Maildir" / place).mkdir(parents=True)
        for path in (home, *home.rglob("*")):
            self.own(path)
        return home / "Maildir"

    def own(self, path: Path) -> None:
        """Let a file that a test made be the server's."""
        if os.geteuid() == 0:
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def account(self, user: str, **changes: Any) -> Account:
        """Return how a user's mailbox is reached, on an open line unless it is said otherwise."""
        plain: dict[str, Any] = {"host": "127.0.0.1", "port": self.port, "security": "none"}
        secure = {"context": ssl.create_default_context(cafile=str(TLS / "authority.pem"))}
        return Account(**(plain | secure | {"user": user, "password": PASSWORD} | changes))

    def open(self, user: str, **changes: Any) -> ImapMailbox:
        """Open a user's mailbox."""
        return ImapMailbox(self.account(user, **changes))

    def close(self) -> None:
        """Stop, and remove every trace."""
        self._process.terminate()
        self._process.wait(START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port: int = line.getsockname()[1]
        return port
