#!/usr/bin/env python3
"""CPU of `reeve sandbox` a small signed request, beside moto's server on the same request.

  bench/sandbox.py REEVE [MOTO_PYTHON]

GetCallerIdentity, signed once by botocore (good for five minutes), sent again and again over one connection (http.client:
head and body in two writes). The server's CPU, user and system, is read from /proc before and after, the best
of three rounds.
"""
import http.client
import os
import re
import subprocess
import sys
import time
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "build", "deps", "botocore"))


def signed(url):
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    request = AWSRequest("POST", url + "/", data=b"Action=GetCallerIdentity&Version=2011-06-15",
                         headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"})
    SigV4Auth(Credentials("testing", "testing"), "sts", "us-east-1").add_auth(request)
    return request.prepare()


def cpu(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(process, url, count):
    request = signed(url)
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=10)
    headers = dict(request.headers.items())

    def send(times):
        for _ in range(times):
            connection.request("POST", "/", request.body, headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                sys.exit(f"{answer.status}: {body[:300]}")
    send(50)
    best = float("inf")
    for _ in range(3):
        before = cpu(process.pid)
        send(count)
        best = min(best, (cpu(process.pid) - before) / count * 1e6)
    return best


def main():
    process = subprocess.Popen([sys.argv[1], "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        url = re.search(r"listening on (\S+)", process.stdout.readline()).group(1)
        print(f"{'a small request':<24}{'server CPU µs':>14}")
        print(f"{'reeve sandbox':<24}{measure(process, url, 20000):>14.0f}")
    finally:
        process.kill()
        process.wait()
    if len(sys.argv) < 3:
        return
    port = 45500 + os.getpid() % 1000
    process = subprocess.Popen([sys.argv[2], "-m", "moto.server", "-p", str(port)],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        for _ in range(100):
            try:
                http.client.HTTPConnection(f"127.0.0.1:{port}").connect()
                break
            except OSError:
                time.sleep(0.2)
        print(f"{'moto':<24}{measure(process, url, 500):>14.0f}")
    finally:
        process.kill()
        process.wait()


main()
