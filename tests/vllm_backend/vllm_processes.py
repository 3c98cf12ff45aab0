"""Telling the processes of a test from all others."""

import os

import psutil


def processes_of(session):
    """All living processes of a session, which a program started with `start_new_session` leads."""
    found = []
    for process in psutil.process_iter():
        try:
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (ProcessLookupError, psutil.NoSuchProcess):
            continue
    return found
