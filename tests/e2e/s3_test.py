"""`reeve call s3` end to end, against moto, a cloud that others wrote, and against our own sandbox: buckets, objects of any
key and size, errors of several. What is left there is looked at by boto3.

    REEVE=build/release/reeve build/deps/venv/bin/python tests/e2e/s3_test.py
"""

import hashlib
import json
import logging
import os
import re
import sys
import unittest

os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing")  # of the fakes
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

import harness  # noqa: E402

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)

CONTROL = "\x01\x1f"
ODD = ["plain", "a b+c", "50%", "folder/", "a//b", "../up", "./here", "ümläut ☃", "tab\there", CONTROL, "q?x=1&y#z", "<&>\"'"]


class S3:
    """What both clouds must do; `url` is where."""

    maxDiff = None

    def setUp(self):
        self.home = harness.Home()
        self.addCleanup(self.home.close)
        self.boto = boto3.client("s3", region_name=harness.REGION, endpoint_url=self.url,
                                 config=Config(s3={"addressing_style": "path"}))
        self.bucket = "b-" + re.sub("[^a-z0-9]", "-", self.id().rsplit(".", 1)[1].lower())[:40]

    def call(self, operation, params, *args, code=0):
        ended = self.home.reeve("call", "s3", operation, json.dumps(params), "--endpoint-url", self.url, "-q", *args)
        self.assertEqual(ended.code, code, f"{operation}: {ended}")
        return ended

    def make(self):
        self.call("CreateBucket", {"Bucket": self.bucket})

    def test_keys_of_every_kind(self):
        self.make()
        for key in ODD:
            self.call("PutObject", {"Bucket": self.bucket, "Key": key, "Body": "of " + key})
        listed = self.call("ListObjectsV2", {"Bucket": self.bucket, "MaxKeys": 5}).json
        self.assertEqual(sorted(o["Key"] for o in listed["Contents"]), sorted(ODD), "over several pages")
        theirs = self.boto.list_objects_v2(Bucket=self.bucket)["Contents"]
        self.assertEqual(sorted(o["Key"] for o in theirs), sorted(ODD))
        for key in ODD:
            path = os.path.join(self.home.path, "got")
            self.call("GetObject", {"Bucket": self.bucket, "Key": key}, "--save", path)
            with open(path, "rb") as file:
                self.assertEqual(file.read().decode(), "of " + key)
        self.call("DeleteObject", {"Bucket": self.bucket, "Key": CONTROL})  # no XML can name it
        rest = [key for key in ODD if key != CONTROL]
        gone = self.call("DeleteObjects", {"Bucket": self.bucket, "Delete": {"Objects": [{"Key": k} for k in rest]}}).json
        self.assertEqual(sorted(o["Key"] for o in gone["Deleted"]), sorted(rest))
        self.assertNotIn("Contents", self.boto.list_objects_v2(Bucket=self.bucket))
        self.call("DeleteBucket", {"Bucket": self.bucket})

    def test_files_go_up_and_come_down(self):
        self.make()
        for size in (0, 1, 65536, 3_000_001):
            content = hashlib.shake_128(b"reeve").digest(size)
            path, back = os.path.join(self.home.path, "up"), os.path.join(self.home.path, "down")
            with open(path, "wb") as file:
                file.write(content)
            put = {"Bucket": self.bucket, "Key": "file", "Metadata": {"made-by": "reeve"}}
            self.call("PutObject", put, "--body", path)
            theirs = self.boto.get_object(Bucket=self.bucket, Key="file")
            self.assertEqual(theirs["Body"].read(), content)
            self.assertEqual(theirs["Metadata"], {"made-by": "reeve"})
            self.assertNotIn("aws-chunked", theirs.get("ContentEncoding", ""))
            head = self.call("GetObject", {"Bucket": self.bucket, "Key": "file"}, "--save", back).json
            self.assertEqual(head["ContentLength"], size)
            self.assertNotIn("Body", head)
            with open(back, "rb") as file:
                self.assertEqual(file.read(), content)
        self.assertEqual(sorted(os.listdir(self.home.path)), ["down", "up"], "no parts are left")

    def test_a_large_file_in_parts(self):
        self.make()
        whole = {"Bucket": self.bucket, "Key": "large"}
        upload = self.call("CreateMultipartUpload", {**whole, "ChecksumAlgorithm": "CRC32"}).json["UploadId"]
        contents = [hashlib.shake_128(b"1").digest(5 << 20), b"the rest"]
        parts = []
        for number, content in enumerate(contents, 1):
            path = os.path.join(self.home.path, "part")
            with open(path, "wb") as file:
                file.write(content)
            made = self.call("UploadPart", {**whole, "UploadId": upload, "PartNumber": number}, "--body", path).json
            part = {"PartNumber": number, "ETag": made["ETag"]}
            if "ChecksumCRC32" in made:
                part["ChecksumCRC32"] = made["ChecksumCRC32"]
            parts.append(part)
        self.call("CompleteMultipartUpload", {**whole, "UploadId": upload, "MultipartUpload": {"Parts": parts}})
        back = os.path.join(self.home.path, "down")
        self.call("GetObject", whole, "--save", back)
        with open(back, "rb") as file:
            self.assertEqual(file.read(), b"".join(contents))

    def test_errors_leave_no_file(self):
        self.make()
        path = os.path.join(self.home.path, "never")
        missing = self.call("GetObject", {"Bucket": self.bucket, "Key": "none"}, "--save", path, code=2)
        self.assertIn("NoSuchKey", missing.err)
        self.assertFalse(os.path.exists(path) or os.path.exists(path + ".part"))
        nothing = self.call("PutObject", {"Bucket": self.bucket, "Key": "k"}, "--body", path, code=1)
        self.assertIn("never", nothing.err)
        for operation, flag in (("ListBuckets", "--save"), ("GetObject", "--events")):
            flags = [flag] if flag == "--events" else [flag, path]
            wrong = self.home.reeve("call", "s3", operation, json.dumps({"Bucket": self.bucket, "Key": "k"}),
                                    "--endpoint-url", self.url, *flags)
            self.assertEqual(wrong.code, 1, str(wrong))
            self.assertIn(flag, wrong.err)


class MotoS3Test(S3, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.server.start()
        host, port = cls.server.get_host_and_port()
        cls.url = f"http://{host}:{port}"

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()


class SandboxS3Test(S3, unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = harness.Home()
        cls.server = harness.sandbox(cls.place)
        cls.url = cls.server.url

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.place.close()


if __name__ == "__main__":
    unittest.main()
