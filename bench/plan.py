#!/usr/bin/env python3
"""The whole job on 10,000 snapshots, over HTTP against `reeve sandbox`: client CPU and memory of each step.

  bench/plan [SNAPSHOTS]                  builds what is missing, then runs this
  bench/plan.py REEVE [SNAPSHOTS] [CUSTODIAN]

REEVE is the release binary; CUSTODIAN the path of Cloud Custodian's `custodian` (bench/custodian makes one), which then
selects with a like policy beside it. CPU is user and system time of the client process (wait4), the best of three for
what changes nothing.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

SELECT = """
policies:
  - name: select-stale
    resource: aws.ebs-snapshot
    filters:
      - {type: age, days: 30, op: ge}
      - {type: stale, reasons: [no-volume, volume-gone]}
"""
# What Custodian has for it: the age, and the filter by volume through the records of all volumes.
CUSTODIAN = """
policies:
  - name: select-stale
    resource: aws.ebs-snapshot
    filters:
      - {type: age, days: 30, op: ge}
      - {type: volume, key: VolumeId, value: absent}
"""


def run(command, env, codes=(0,)):
    """Seconds of CPU, MB at most, wall seconds, standard output."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors, env=env)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        out.seek(0)
        errors.seek(0)
        if process.returncode not in codes:
            sys.exit(f"{' '.join(command)}: exit code {process.returncode}\n{errors.read().decode()[-2000:]}")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, wall, out.read().decode()


def best(command, env, codes=(0,), rounds=3):
    return min((run(command, env, codes) for _ in range(rounds)), key=lambda r: r[0])


def served(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def calls(url):
    with urllib.request.urlopen(url + "/_sandbox/calls") as answer:
        return sum(json.load(answer).values())


def main():
    reeve = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    custodian = sys.argv[3] if len(sys.argv) > 3 else None
    folder = tempfile.mkdtemp()
    server = subprocess.Popen([reeve, "sandbox", "--port", "0", "--generate", str(count), "--seed", "7"],
                              stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"listening on (\S+)", server.stdout.readline()).group(1)
        env = {**os.environ, "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": "us-east-1",
               "AWS_DEFAULT_REGION": "us-east-1", "AWS_ENDPOINT_URL": url, "AWS_CONFIG_FILE": "/dev/null",
               "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "REEVE_STATE": os.path.join(folder, "state")}
        select, policy = os.path.join(folder, "select.yaml"), "policies/stale-snapshots.yaml"
        with open(select, "w") as file:
            file.write(SELECT)

        print(f"{count} snapshots\n{'step':<44}{'client CPU s':>13}{'MB':>7}{'wall s':>8}{'calls':>8}")

        def row(name, measured, n):
            print(f"{name:<44}{measured[0]:>13.3f}{measured[1]:>7.0f}{measured[2]:>8.2f}{n:>8}")

        m = best([reeve, "plan", select, "-o", "json"], env)
        answer = json.loads(m[3])
        row(f"select ({answer['plan']['policies'][0]['matched']} match), no action", m, sum(answer["calls"].values()))
        selected = m[0]
        if custodian:
            other = os.path.join(folder, "custodian.yaml")
            with open(other, "w") as file:
                file.write(CUSTODIAN)
            before = calls(url)
            m = run([custodian, "run", "-s", os.path.join(folder, "out"), "--cache-period", "0", "-r", "us-east-1", other], env)
            with open(os.path.join(folder, "out", "select-stale", "resources.json")) as file:
                found = len(json.load(file))
            row(f"Cloud Custodian, a like policy ({found} match)", m, calls(url) - before)

        m = best([reeve, "plan", policy, "--limit", "none", "-o", "json"], env)
        answer = json.loads(m[3])
        matched, rows = answer["plan"]["policies"][0]["matched"], len(answer["rows"])
        row(f"plan with guards ({matched} match, {rows} rows)", m, sum(answer["calls"].values()))
        print(f"    a match more: {(m[0] - selected) / matched * 1000:.3f} ms of client CPU")

        m = run([reeve, "apply", answer["plan"]["id"], "-o", "json", "--allow-irreversible"], env)
        applied = json.loads(m[3])
        row(f"apply ({applied['run']['done']} deleted)", m, sum(applied["calls"].values()))
        print(f"    a row: {m[0] / max(1, applied['run']['done']) * 1000:.3f} ms of client CPU, judging again and journal included")
        most = sorted(applied["calls"].items(), key=lambda call: -call[1])[:6]
        print("    calls of apply: " + ", ".join(f"{name} {n}" for name, n in most) + ", …")
        print(f"server: {served(server.pid):.2f} s of CPU for {calls(url)} calls")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


main()
