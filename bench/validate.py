#!/usr/bin/env python3
"""Start to end of `reeve validate` on one policy, beside Cloud Custodian's: wall ms, the median of many runs.

  bench/validate.py REEVE [CUSTODIAN]
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

POLICY = """
policies:
  - name: old
    resource: aws.ebs-snapshot
    filters:
      - {type: age, days: 30, op: ge}
      - {type: value, key: VolumeSize, op: gt, value: 100}
    actions: [delete]
"""


def measure(command, rounds):
    walls, cpus = [], []
    for _ in range(rounds):
        started = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        walls.append((time.monotonic() - started) * 1000)
        cpus.append((usage.ru_utime + usage.ru_stime) * 1000)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)}: exit code {process.returncode}")
    return statistics.median(walls), statistics.median(cpus), usage.ru_maxrss / 1024


def main():
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(POLICY)
        file.flush()
        print(f"{'validate, one policy':<24}{'wall ms':>9}{'CPU ms':>9}{'MB':>6}")
        rows = [("reeve", sys.argv[1], 50)]
        if len(sys.argv) > 2:
            rows.append(("Cloud Custodian", sys.argv[2], 5))
        for name, binary, rounds in rows:
            wall, cpu, megabytes = measure([binary, "validate", file.name], rounds)
            print(f"{name:<24}{wall:>9.1f}{cpu:>9.1f}{megabytes:>6.0f}")


main()
