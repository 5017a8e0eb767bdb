"""`aws s3` and `aws s3api`, unmodified, against `reeve sandbox`."""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness  # noqa: E402

AWS = os.path.join(os.path.dirname(sys.executable), "aws")


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.home = harness.Home()
        self.addCleanup(self.home.close)
        self.server = harness.sandbox(self.home)
        self.addCleanup(self.server.stop)

    def aws(self, *args, code=0):
        env = harness.environment(self.home.path, AWS_ENDPOINT_URL=self.server.url, AWS_DEFAULT_REGION=harness.REGION, AWS_PAGER="")
        ended = subprocess.run([sys.executable, AWS, *args], cwd=self.home.path, stdin=subprocess.DEVNULL, capture_output=True,
                               text=True, env=env, timeout=120)
        self.assertEqual(ended.returncode, code, ended)
        return ended.stderr if code else ended.stdout

    def write(self, name, content):
        path = os.path.join(self.home.path, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)

    def test_a_folder_goes_up_and_comes_down(self):
        large = os.urandom(20 << 20)  # in parts: the command line begins with them at 8 MiB
        files = {"one.txt": b"1", "sub/two ü.txt": b"2", "sub/large.bin": large}
        for name, content in files.items():
            self.write(os.path.join("up", name), content)
        self.aws("s3", "mb", "s3://photos")
        self.aws("s3", "cp", "--recursive", "up", "s3://photos/p/", "--quiet")
        listed = self.aws("s3", "ls", "s3://photos/", "--recursive")
        for name, content in files.items():
            self.assertRegex(listed, rf"{len(content)} p/{name}")
        self.assertIn("PRE p/", self.aws("s3", "ls", "s3://photos/"))
        self.aws("s3", "sync", "s3://photos/p", "down", "--quiet")
        for name, content in files.items():
            with open(os.path.join(self.home.path, "down", name), "rb") as file:
                self.assertEqual(file.read(), content)
        self.assertEqual(self.aws("s3", "sync", "up", "s3://photos/p"), "")
        os.remove(os.path.join(self.home.path, "up", "one.txt"))
        self.assertIn("delete: s3://photos/p/one.txt", self.aws("s3", "sync", "up", "s3://photos/p", "--delete"))
        self.aws("s3", "mv", "s3://photos/p/sub/large.bin", "s3://photos/q", "--quiet")
        self.assertIn("BucketNotEmpty", self.aws("s3", "rb", "s3://photos", code=1))
        self.aws("s3", "rm", "--recursive", "s3://photos", "--quiet")
        self.assertEqual(self.aws("s3", "ls", "s3://photos/"), "")
        self.aws("s3", "rb", "s3://photos")
        self.assertIn("NoSuchBucket", self.aws("s3", "ls", "s3://photos/", code=255))

    def test_operations(self):
        self.aws("s3api", "create-bucket", "--bucket", "box", "--object-lock-enabled-for-bucket")
        self.write("body", b"hello")
        put = json.loads(self.aws("s3api", "put-object", "--bucket", "box", "--key", "k", "--body", "body", "--output", "json"))
        self.assertIn("VersionId", put)
        self.aws("s3api", "get-object", "--bucket", "box", "--key", "k", "--range", "bytes=1-2", "got")
        with open(os.path.join(self.home.path, "got"), "rb") as file:
            self.assertEqual(file.read(), b"el")
        self.aws("s3api", "wait", "object-exists", "--bucket", "box", "--key", "k")
        versions = json.loads(self.aws("s3api", "list-object-versions", "--bucket", "box", "--output", "json"))["Versions"]
        self.assertEqual([v["VersionId"] for v in versions], [put["VersionId"]])
        status = self.aws("s3api", "get-bucket-versioning", "--bucket", "box", "--query", "Status", "--output", "text")
        self.assertEqual(status.strip(), "Enabled")
        self.assertIn("NoSuchBucketPolicy", self.aws("s3api", "get-bucket-policy", "--bucket", "box", code=255))


if __name__ == "__main__":
    unittest.main()
