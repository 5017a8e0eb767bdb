#!/usr/bin/env python3
"""A large object through `reeve sandbox`, up and down: its CPU and its peak resident set.

  bench/s3_large.py REEVE [GIGABYTES]

The object goes up with one PUT to a presigned URL and comes down with one GET, each a megabyte at a time; what comes
down is compared with what went up. 5 GB by default. The server's CPU, user and system, and its peak resident set are
read from /proc.
"""
import hashlib
import http.client
import os
import re
import subprocess
import sys
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "build", "deps", "botocore"))
MEGABYTE = 1_000_000


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_mb(pid):
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read()).group(1)) / 1000


def client(url):
    import botocore.session
    from botocore.config import Config
    session = botocore.session.Session()
    session.set_credentials("testing", "testing")
    return session.create_client("s3", region_name="us-east-1", endpoint_url=url, config=Config(signature_version="s3v4"))


def pieces(count, digest):
    block = os.urandom(MEGABYTE)
    for number in range(count):
        piece = number.to_bytes(8, "big") + block[8:]
        digest.update(piece)
        yield piece


def send(s3, operation, method, **more):
    url = urllib.parse.urlsplit(s3.generate_presigned_url(operation, Params={"Bucket": "large", "Key": "object"}))
    connection = http.client.HTTPConnection(url.netloc, timeout=600)
    connection.request(method, f"{url.path}?{url.query}", **more)
    answer = connection.getresponse()
    if answer.status != 200:
        sys.exit(f"{method}: {answer.status} {answer.read()[:500]}")
    return answer


def main():
    count = int(float(sys.argv[2] if len(sys.argv) > 2 else 5) * 1000)
    process = subprocess.Popen([sys.argv[1], "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        s3 = client(re.search(r"listening on (\S+)", process.stdout.readline()).group(1))
        s3.create_bucket(Bucket="large")
        before, began = cpu(process.pid), time.monotonic()
        print(f"{'':<28}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}")
        print(f"{'before':<28}{before:>8.2f}{0:>8.1f}{peak_mb(process.pid):>9.1f}")
        up, down = hashlib.sha256(), hashlib.sha256()
        send(s3, "put_object", "PUT", body=pieces(count, up), headers={"Content-Length": str(count * MEGABYTE)}).read()
        print(f"{f'{count / 1000:g} GB up':<28}{cpu(process.pid) - before:>8.2f}{time.monotonic() - began:>8.1f}"
              f"{peak_mb(process.pid):>9.1f}")
        before, began, size = cpu(process.pid), time.monotonic(), 0
        answer = send(s3, "get_object", "GET")
        while piece := answer.read(MEGABYTE):
            down.update(piece)
            size += len(piece)
        print(f"{f'{size / 1e9:g} GB down':<28}{cpu(process.pid) - before:>8.2f}{time.monotonic() - began:>8.1f}"
              f"{peak_mb(process.pid):>9.1f}")
        if up.digest() != down.digest():
            sys.exit("what came down is not what went up")
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    main()
