"""Runs one program and ends it when standard input closes, so that no server outlives the process that asked for it.

Run as a script by an isolated interpreter: it may import nothing but the standard library.
Usage: guard.py STOP_SIGNAL PATIENCE UID GID FOLDER_TO_DELETE COMMAND...   (UID and GID -1: the caller's own)
"""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys


def main(arguments: list[str]) -> int:
    stop_signal, patience, uid, gid, folder, *command = arguments
    account = {} if int(uid) < 0 else {"user": int(uid), "group": int(gid), "extra_groups": []}
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Ends the wait for standard input when the server ends first.
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    signal.set_wakeup_fd(wake_write)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: None)
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/", **account)  # type: ignore[call-overload]
    try:
        select.select([sys.stdin, wake_read], [], [])
    finally:
        end(server, int(stop_signal), float(patience))
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def end(server: "subprocess.Popen[bytes]", stop_signal: int, patience: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        server.send_signal(stop_signal)
    try:
        server.wait(patience)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
