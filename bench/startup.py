#!/usr/bin/env python3
"""Process start to end of what needs no AWS: wall and CPU (user and system) milliseconds, medians of 200 runs.

  bench/startup.py REEVE

Beside it /bin/true, which says what the machine takes for any process.
"""
import os
import statistics
import sys
import time


def measure(command, rounds=200):
    walls, cpus = [], []
    for _ in range(rounds):
        started = time.monotonic()
        process = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
        _, status, usage = os.wait4(process, 0)
        walls.append((time.monotonic() - started) * 1000)
        cpus.append((usage.ru_utime + usage.ru_stime) * 1000)
        if status != 0:
            sys.exit(f"{' '.join(command)}: exit code {os.waitstatus_to_exitcode(status)}")
    return statistics.median(walls), statistics.median(cpus), usage.ru_maxrss / 1024


null = os.open(os.devnull, os.O_WRONLY)
print(f"{'':<16}{'wall ms':>9}{'CPU ms':>9}{'MB':>6}")
for name, command in (("/bin/true", ["/bin/true"]), ("reeve version", [sys.argv[1], "version"]),
                      ("reeve --help", [sys.argv[1], "--help"])):
    wall, cpu, megabytes = measure(command)
    print(f"{name:<16}{wall:>9.1f}{cpu:>9.1f}{megabytes:>6.0f}")
