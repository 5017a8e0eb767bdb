"""Bodies as streams through `reeve sandbox`, on the wire itself: what goes over the socket, and when."""

import os
import socket
import time
import unittest
import urllib.parse

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

import harness

MIB = 1 << 20


class Wire:
    """One connection. Requests go to presigned URLs."""

    def __init__(self, server):
        at = urllib.parse.urlsplit(server.url)
        self.socket = socket.create_connection((at.hostname, at.port), timeout=30)
        self.rest = b""

    def close(self):
        self.socket.close()

    def head(self, method, url, *headers):
        at = urllib.parse.urlsplit(url)
        lines = [f"{method} {at.path}?{at.query} HTTP/1.1", f"Host: {at.netloc}", *headers, "", ""]
        self.socket.sendall("\r\n".join(lines).encode())

    def answer(self):
        """Status, headers in lower case, and what of the body is there."""
        while b"\r\n\r\n" not in self.rest:
            piece = self.socket.recv(65536)
            if not piece:
                raise AssertionError("the connection closed before an answer")
            self.rest += piece
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        return int(lines[0].split()[1]), {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}

    def body(self, size):
        while len(self.rest) < size:
            piece = self.socket.recv(65536)
            if not piece:
                break
            self.rest += piece
        out, self.rest = self.rest[:size], self.rest[size:]
        return out


class StreamsTest(unittest.TestCase):
    def setUp(self):
        self.home = harness.Home()
        self.addCleanup(self.home.close)

    def serve(self, *args):
        self.server = harness.sandbox(self.home, *args)
        self.addCleanup(self.server.stop)
        self.s3 = boto3.client("s3", region_name=harness.REGION, endpoint_url=self.server.url, aws_access_key_id="testing",
                               aws_secret_access_key="testing",
                               config=Config(signature_version="s3v4", retries={"total_max_attempts": 1, "mode": "standard"}))
        self.s3.create_bucket(Bucket="box")

    def url(self, operation, key, **more):
        return self.s3.generate_presigned_url(operation, Params={"Bucket": "box", "Key": key, **more})

    def wire(self):
        wire = Wire(self.server)
        self.addCleanup(wire.close)
        return wire

    def test_the_word_to_go_on_comes_before_the_body(self):
        self.serve()
        for size in (10, 3 * MIB):
            wire = self.wire()
            wire.head("PUT", self.url("put_object", "k"), f"Content-Length: {size}", "Expect: 100-continue")
            self.assertEqual(wire.answer()[0], 100)
            wire.socket.sendall(b"x" * size)
            self.assertEqual(wire.answer()[0], 200)
            wire.head("GET", self.url("get_object", "k"))
            status, headers = wire.answer()
            self.assertEqual((status, int(headers["content-length"])), (200, size))
            self.assertEqual(wire.body(size), b"x" * size)

    def test_what_is_left_of_a_refused_body_does_no_harm(self):
        self.serve()
        wire = self.wire()
        wire.head("PUT", self.url("put_object", "k") + "0", f"Content-Length: {3 * MIB}")
        wire.socket.sendall(b"x" * 3 * MIB)
        status, headers = wire.answer()
        self.assertEqual(status, 403)
        wire.body(int(headers["content-length"]))
        wire.head("GET", self.url("get_object", "none"))
        self.assertEqual(wire.answer()[0], 404)

    def test_bodies_in_chunks(self):
        self.serve()
        wire = self.wire()
        wire.head("PUT", self.url("put_object", "k"), "Transfer-Encoding: chunked")
        piece = os.urandom(100_000)
        for _ in range(30):
            wire.socket.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        wire.socket.sendall(b"0\r\n\r\n")
        self.assertEqual(wire.answer()[0], 200)
        self.assertEqual(self.s3.get_object(Bucket="box", Key="k")["Body"].read(), piece * 30)

    def test_a_client_that_goes_away_leaves_nothing(self):
        self.serve()
        wire = self.wire()
        wire.head("PUT", self.url("put_object", "k"), f"Content-Length: {3 * MIB}")
        wire.socket.sendall(b"x" * MIB)
        wire.close()
        # A whole request after it, so that the server has seen the end of the broken one or will never act on it.
        self.s3.put_object(Bucket="box", Key="other", Body=b"y" * MIB)
        self.assertEqual([o["Key"] for o in self.s3.list_objects_v2(Bucket="box")["Contents"]], ["other"])
        reader = self.wire()
        self.s3.put_object(Bucket="box", Key="large", Body=b"z" * 20 * MIB)
        reader.head("GET", self.url("get_object", "large"))
        self.assertEqual(reader.answer()[0], 200)
        reader.close()
        self.assertEqual(len(self.s3.get_object(Bucket="box", Key="large")["Body"].read()), 20 * MIB)

    def test_faults_of_bodies(self):
        rules = [{"match": {"operation": "GetObject", "nth": 1}, "fault": {"slow_bytes": {"ms": 50, "bytes": 4}}},
                 {"match": {"operation": "GetObject", "nth": 2}, "fault": "torn_body"},
                 {"match": {"operation": "CopyObject", "nth": 1}, "fault": "error_in_200"}]
        self.serve("--faults", self.home.write("faults.json", {"format": 1, "rules": rules}))
        self.s3.put_object(Bucket="box", Key="k", Body=b"0123456789")
        wire = self.wire()
        began = time.monotonic()
        wire.head("GET", self.url("get_object", "k"))
        self.assertEqual(wire.answer()[0], 200)
        self.assertEqual(wire.body(10), b"0123456789")
        self.assertGreaterEqual(time.monotonic() - began, 0.15)  # three pieces: never sooner, whatever the machine
        self.s3.put_object(Bucket="box", Key="large", Body=b"z" * 4 * MIB)
        wire.head("GET", self.url("get_object", "large"))
        status, headers = wire.answer()
        self.assertEqual((status, int(headers["content-length"])), (200, 4 * MIB))
        self.assertEqual(len(wire.body(4 * MIB)), 2 * MIB)
        with self.assertRaises(ClientError) as refused:
            self.s3.copy_object(Bucket="box", Key="copy", CopySource="box/k")
        self.assertEqual(refused.exception.response["Error"]["Code"], "InternalError")
        self.s3.copy_object(Bucket="box", Key="copy", CopySource="box/k")


if __name__ == "__main__":
    unittest.main()
