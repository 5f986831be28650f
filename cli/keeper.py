"""A tiny shell that outlives us just long enough to stop what we started, even after `kill -9`."""

import subprocess
from typing import IO

# It reads which process groups live ("+ 12", "- 12") and the database server ("db 34"). When its
# input ends, we are gone: it ends the groups, then the server, which writes its files first.
SCRIPT = r"""
trap '' INT TERM HUP
groups=' '
server=''
while read -r sign id; do
  case $sign in
    +) groups="$groups$id " ;;
    -) case $groups in *" $id "*) groups="${groups%% $id *} ${groups#* $id }" ;; esac ;;
    db) server=$id ;;
  esac
done
alive() { for g in $groups; do kill -s 0 -- "-$g" 2>/dev/null && return 0; done; return 1; }
signal() { for g in $groups; do kill -s "$1" -- "-$g" 2>/dev/null; done; }
signal TERM
tenths=0
while alive && [ "$tenths" -lt 50 ]; do sleep 0.1; tenths=$((tenths + 1)); done
signal KILL
[ -z "$server" ] || kill -s INT "$server" 2>/dev/null
exit 0
"""


class Keeper:
    """Holds the shell; tell it of every process group that is started and stopped."""

    def __init__(self, keep_open: tuple[int, ...] = ()) -> None:
        """`keep_open`: descriptors (locks) that it holds until its work is done."""
        self._shell = subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=keep_open,
            start_new_session=True,
        )

    def started(self, group: int) -> None:
        """This process group now lives."""
        self._tell(f"+ {group}")

    def ended(self, group: int) -> None:
        """This process group has ended: its number may soon be somebody else's."""
        self._tell(f"- {group}")

    def database(self, pid: int) -> None:
        """The database server to stop last; 0 when it has been stopped."""
        self._tell(f"db {pid or ''}")

    def close(self) -> None:
        """Lets the shell end, and waits for it."""
        stdin = self._stdin
        if not stdin.closed:
            stdin.close()
        self._shell.wait()

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._shell.stdin is not None
        return self._shell.stdin

    def _tell(self, line: str) -> None:
        self._stdin.write(f"{line}\n".encode())
        self._stdin.flush()
