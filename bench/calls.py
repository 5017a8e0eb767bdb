#!/usr/bin/env python3
"""CPU of a signed call, user and system of the client's process, and calls a second: ours beside botocore's.

  bench/calls.py CALLS_BENCH [COUNT [AT_ONCE]]     10,000 calls, 256 in flight by default

The server is a process of its own on loopback and answers at once with the same few hundred bytes. Ours: the best of three
rounds after a warm-up. botocore (of build/deps/botocore): one call after the other, 300 of them, as its threads share one
interpreter.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "build", "deps", "botocore"))

CALLS = (
    ("sts", "GetCallerIdentity", "get_caller_identity", {}, "text/xml",
     '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
     "<Arn>arn:aws:iam::123456789012:user/reeve</Arn><UserId>AIDAEXAMPLE</UserId><Account>123456789012</Account>"
     "</GetCallerIdentityResult><ResponseMetadata><RequestId>01234567-89ab-cdef-0123-456789abcdef</RequestId>"
     "</ResponseMetadata></GetCallerIdentityResponse>"),
    ("ec2", "DescribeSnapshotAttribute", "describe_snapshot_attribute",
     {"SnapshotId": "snap-0123456789abcdef0", "Attribute": "createVolumePermission"}, "text/xml",
     '<DescribeSnapshotAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
     "<requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId><snapshotId>snap-0123456789abcdef0</snapshotId>"
     "<createVolumePermission><item><userId>123456789012</userId></item></createVolumePermission>"
     "</DescribeSnapshotAttributeResponse>"),
    ("s3", "GetBucketVersioning", "get_bucket_versioning", {"Bucket": "data"}, "application/xml",
     '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status>'
     "</VersioningConfiguration>"),
    ("lambda", "GetFunctionConcurrency", "get_function_concurrency", {"FunctionName": "resize"}, "application/json",
     '{"ReservedConcurrentExecutions": 100}'),
    ("dynamodb", "GetItem", "get_item", {"TableName": "orders", "Key": {"id": {"S": "4711"}}},
     "application/x-amz-json-1.0", '{"Item": {"id": {"S": "4711"}, "total": {"N": "12.50"}, "paid": {"BOOL": true}}}'),
)


def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def botocore_cpu(url, service, method, params, count=300):
    import botocore.session
    from botocore.config import Config
    session = botocore.session.get_session()
    client = session.create_client(service, region_name="us-east-1", endpoint_url=url, aws_access_key_id="AKIDEXAMPLE",
                                   aws_secret_access_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                   config=Config(s3={"addressing_style": "path"}))
    call = getattr(client, method)
    for _ in range(20):
        call(**params)
    before = cpu()
    for _ in range(count):
        call(**params)
    return (cpu() - before) / count


def main():
    binary = sys.argv[1]
    count, at_once = (list(map(int, sys.argv[2:])) + [10000, 256][len(sys.argv) - 2:])[:2]
    print(f"{f'{at_once} in flight':<32}{'calls/s':>10}{'CPU µs':>8}{'botocore CPU µs':>17}")
    with tempfile.TemporaryDirectory() as folder:
        for service, operation, method, params, content_type, answer in CALLS:
            path = os.path.join(folder, operation)
            with open(path, "w") as file:
                file.write(answer)
            server = subprocess.Popen([binary, "serve", content_type, path], stdout=subprocess.PIPE, text=True)
            try:
                url = server.stdout.readline().strip()
                out = subprocess.run([binary, "call", url, service, operation, json.dumps(params), str(count), str(at_once)],
                                     check=True, stdout=subprocess.PIPE).stdout
                ours = json.loads(out)
                peer = botocore_cpu(url, service, method, params)
            finally:
                server.kill()
                server.wait()
            print(f"{f'{service} {operation}':<32}{count / ours['wall']:>10,.0f}{ours['cpu'] / count * 1e6:>8.0f}"
                  f"{peer * 1e6:>17,.0f}", flush=True)


main()
