"""S3 of `reeve sandbox`, by boto3 unmodified (the binary is $REEVE, default build/release/reeve)."""

import hashlib
import io
import json
import os
import unittest
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

import harness

MIB = 1 << 20


def client(url, region=harness.REGION, key="testing", secret="testing", **more):
    return boto3.client("s3", region_name=region, endpoint_url=url, aws_access_key_id=key, aws_secret_access_key=secret,
                        config=Config(retries={"max_attempts": 1, "mode": "standard"}, **more))


class S3Test(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.home = harness.Home()
        estate = cls.home.write("estate.yaml", """
format: 1
buckets:
  - {Name: estate, CreationDate: -30d, Tags: {team: web}}
objects:
  - {Bucket: estate, Key: hello.txt, Body: "hello", LastModified: -10d, Tags: {a: b}}
  - {Bucket: estate, Key: large.bin, Size: 3000000000, StorageClass: STANDARD_IA}
""")
        cls.server = harness.sandbox(cls.home, "--estate", estate)
        cls.s3 = client(cls.server.url)
        cls.names = 0

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.home.close()

    def bucket(self, **more):
        S3Test.names += 1
        name = f"bucket-{S3Test.names}"
        self.s3.create_bucket(Bucket=name, **more)
        return name

    def code(self, call, **params):
        with self.assertRaises(ClientError) as refused:
            call(**params)
        return refused.exception.response["Error"]["Code"]

    def keys(self, bucket, **params):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **params)
        return [o["Key"] for page in pages for o in page.get("Contents", [])]

    def put(self, bucket, key, body=b"", **params):
        return self.s3.put_object(Bucket=bucket, Key=key, Body=body, **params)

    def body(self, bucket, key, **params):
        return self.s3.get_object(Bucket=bucket, Key=key, **params)["Body"].read()

    # --- Buckets

    def test_buckets(self):
        name = self.bucket()
        self.s3.get_waiter("bucket_exists").wait(Bucket=name)
        self.assertIn(name, [b["Name"] for b in self.s3.list_buckets()["Buckets"]])
        self.s3.create_bucket(Bucket=name)  # one's own, in us-east-1: no error
        other = client(self.server.url, key="111122223333", secret="sandbox")
        self.assertEqual(self.code(other.create_bucket, Bucket=name), "BucketAlreadyExists")
        self.assertEqual(self.code(other.list_objects_v2, Bucket=name), "AccessDenied")
        self.assertEqual(self.code(other.head_bucket, Bucket=name), "403")
        for wrong in ("ab", "Upper", "a..b", "192.168.1.1", "xn--a", "under_score"):
            refused = self.code(self.s3.create_bucket, Bucket=wrong) if "_" not in wrong else "InvalidBucketName"
            self.assertEqual(refused, "InvalidBucketName", wrong)
        self.put(name, "k")
        self.assertEqual(self.code(self.s3.delete_bucket, Bucket=name), "BucketNotEmpty")
        self.s3.delete_object(Bucket=name, Key="k")
        self.s3.delete_bucket(Bucket=name)
        self.assertEqual(self.code(self.s3.head_bucket, Bucket=name), "404")
        self.assertEqual(self.code(self.s3.get_bucket_location, Bucket=name), "NoSuchBucket")

    def test_lists_of_buckets_have_pages(self):
        other = client(self.server.url, key="444455556666", secret="sandbox")
        for i in range(5):
            other.create_bucket(Bucket=f"page-{i}")
        pages = list(other.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(p["Buckets"]) for p in pages], [2, 2, 1])
        self.assertEqual(len(other.list_buckets(Prefix="page-3")["Buckets"]), 1)
        self.assertEqual(other.list_buckets(BucketRegion="eu-west-1")["Buckets"], [])

    def test_regions(self):
        west = client(self.server.url, "eu-west-1")
        self.assertEqual(self.code(west.create_bucket, Bucket="west-bucket"), "IllegalLocationConstraintException")
        west.create_bucket(Bucket="west-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.assertEqual(west.get_bucket_location(Bucket="west-bucket")["LocationConstraint"], "eu-west-1")
        self.assertIsNone(self.s3.get_bucket_location(Bucket=self.bucket())["LocationConstraint"])
        # boto3 follows the redirect to the bucket's own region by itself.
        self.s3.put_object(Bucket="west-bucket", Key="k", Body=b"1")
        self.assertEqual(west.head_bucket(Bucket="west-bucket")["BucketRegion"], "eu-west-1")
        self.assertEqual(self.s3.head_bucket(Bucket="west-bucket")["BucketRegion"], "eu-west-1")

    def test_nobody_gets_in_unsigned(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{self.server.url}/estate/hello.txt")
        self.assertEqual(refused.exception.code, 403)
        self.assertIn(b"AccessDenied", refused.exception.read())
        self.assertEqual(self.code(client(self.server.url, secret="wrong").list_buckets), "SignatureDoesNotMatch")
        self.assertEqual(self.code(client(self.server.url, key="AKIANOBODY").list_buckets), "InvalidAccessKeyId")

    # --- Objects

    def test_objects(self):
        name = self.bucket()
        put = self.put(name, "a b/ü+&=?#%.txt", b"hello", ContentType="text/plain", Metadata={"One": "1"}, CacheControl="no-store",
                       StorageClass="STANDARD_IA", Tagging="x=1&y=a%20b")
        self.assertEqual(put["ETag"], f'"{hashlib.md5(b"hello").hexdigest()}"')
        got = self.s3.get_object(Bucket=name, Key="a b/ü+&=?#%.txt")
        self.assertEqual(got["Body"].read(), b"hello")
        self.assertEqual((got["ContentType"], got["Metadata"], got["CacheControl"], got["StorageClass"], got["TagCount"]),
                         ("text/plain", {"one": "1"}, "no-store", "STANDARD_IA", 2))
        self.assertEqual(got["ServerSideEncryption"], "AES256")
        self.assertNotIn("VersionId", got)
        head = self.s3.head_object(Bucket=name, Key="a b/ü+&=?#%.txt")
        self.assertEqual(head["ContentLength"], 5)
        self.assertEqual(self.body(name, "a b/ü+&=?#%.txt", ResponseContentType="x/y"), b"hello")
        self.assertEqual(self.code(self.s3.get_object, Bucket=name, Key="none"), "NoSuchKey")
        self.assertEqual(self.code(self.s3.head_object, Bucket=name, Key="none"), "404")
        self.assertEqual(self.code(self.s3.put_object, Bucket=name, Key="k", Body=b"", StorageClass="BAD"), "InvalidStorageClass")
        self.assertEqual(self.code(self.s3.put_object, Bucket=name, Key="k", Body=b"x", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg=="), "BadDigest")
        self.assertEqual(self.code(self.s3.put_object, Bucket=name, Key="k", Body=b"x", ChecksumSHA256="A" * 43 + "="), "BadDigest")
        self.put(name, "empty")
        self.assertEqual(self.body(name, "empty"), b"")

    def test_ranges_and_conditions(self):
        name = self.bucket()
        etag = self.put(name, "k", b"0123456789")["ETag"]
        for asked, body, content in (("bytes=2-4", b"234", "bytes 2-4/10"), ("bytes=7-", b"789", "bytes 7-9/10"), ("bytes=-3", b"789", "bytes 7-9/10"),
                                     ("bytes=5-99", b"56789", "bytes 5-9/10")):
            got = self.s3.get_object(Bucket=name, Key="k", Range=asked)
            self.assertEqual((got["Body"].read(), got["ContentRange"], got["ResponseMetadata"]["HTTPStatusCode"]), (body, content, 206))
        self.assertEqual(self.code(self.s3.get_object, Bucket=name, Key="k", Range="bytes=10-"), "InvalidRange")
        self.assertEqual(self.body(name, "k", IfMatch=etag), b"0123456789")
        self.assertEqual(self.code(self.s3.get_object, Bucket=name, Key="k", IfMatch='"x"'), "PreconditionFailed")
        self.assertEqual(self.code(self.s3.get_object, Bucket=name, Key="k", IfNoneMatch=etag), "304")
        modified = self.s3.head_object(Bucket=name, Key="k")["LastModified"]
        self.assertEqual(self.code(self.s3.get_object, Bucket=name, Key="k", IfModifiedSince=modified), "304")
        self.assertEqual(self.code(self.s3.put_object, Bucket=name, Key="k", Body=b"", IfNoneMatch="*"), "PreconditionFailed")
        self.assertEqual(self.code(self.s3.put_object, Bucket=name, Key="k", Body=b"", IfMatch='"x"'), "PreconditionFailed")
        self.put(name, "k", b"new", IfMatch=etag)
        self.put(name, "k2", b"new", IfNoneMatch="*")

    def test_checksums_come_back(self):
        name = self.bucket()
        for algorithm in ("CRC32", "SHA1", "SHA256"):
            put = self.put(name, algorithm, b"abc", ChecksumAlgorithm=algorithm)
            got = self.s3.get_object(Bucket=name, Key=algorithm, ChecksumMode="ENABLED")
            self.assertEqual(got[f"Checksum{algorithm}"], put[f"Checksum{algorithm}"])
            attributes = self.s3.get_object_attributes(Bucket=name, Key=algorithm, ObjectAttributes=["Checksum", "ObjectSize", "ETag"])
            self.assertEqual(attributes["Checksum"][f"Checksum{algorithm}"], put[f"Checksum{algorithm}"])
            self.assertEqual(attributes["ObjectSize"], 3)

    def test_copies(self):
        name, other = self.bucket(), self.bucket()
        self.put(name, "from", b"abc", Metadata={"a": "1"}, Tagging="t=1")
        copied = self.s3.copy_object(Bucket=other, Key="to", CopySource={"Bucket": name, "Key": "from"})
        self.assertIn("ETag", copied["CopyObjectResult"])
        head = self.s3.head_object(Bucket=other, Key="to")
        self.assertEqual((head["Metadata"], head["TagCount"]), ({"a": "1"}, 1))
        self.s3.copy_object(Bucket=other, Key="to", CopySource=f"{name}/from", MetadataDirective="REPLACE", Metadata={"b": "2"},
                            TaggingDirective="REPLACE", Tagging="")
        head = self.s3.head_object(Bucket=other, Key="to")
        self.assertEqual((head["Metadata"], head.get("TagCount")), ({"b": "2"}, None))
        self.assertEqual(self.code(self.s3.copy_object, Bucket=name, Key="from", CopySource=f"{name}/from"), "InvalidRequest")
        self.assertEqual(self.code(self.s3.copy_object, Bucket=name, Key="x", CopySource=f"{name}/none"), "NoSuchKey")
        self.assertEqual(self.body(other, "to"), b"abc")

    # --- Listings

    def test_listings(self):
        name = self.bucket()
        keys = ["a", "a/1", "a/2", "a/b/3", "b", "c d", "z+ü", "é/1"]
        for key in keys:
            self.put(name, key)
        self.assertEqual(self.keys(name), sorted(keys, key=str.encode))
        self.assertEqual(self.keys(name, PaginationConfig={"PageSize": 3}), sorted(keys, key=str.encode))
        self.assertEqual(self.keys(name, Prefix="a/"), ["a/1", "a/2", "a/b/3"])
        self.assertEqual(self.keys(name, StartAfter="b"), ["c d", "z+ü", "é/1"])
        pages = list(self.s3.get_paginator("list_objects_v2").paginate(Bucket=name, Delimiter="/", PaginationConfig={"PageSize": 2}))
        self.assertEqual([p["Prefix"] for page in pages for p in page.get("CommonPrefixes", [])], ["a/", "é/"])
        self.assertEqual([o["Key"] for page in pages for o in page.get("Contents", [])], ["a", "b", "c d", "z+ü"])
        old = [o["Key"] for page in self.s3.get_paginator("list_objects").paginate(Bucket=name, PaginationConfig={"PageSize": 3})
               for o in page["Contents"]]
        self.assertEqual(old, sorted(keys, key=str.encode))
        self.assertEqual(self.s3.list_objects_v2(Bucket=name, MaxKeys=0)["KeyCount"], 0)

    def test_a_bucket_of_many_objects_comes_from_an_estate(self):
        self.assertEqual(self.keys("estate"), ["hello.txt", "large.bin"])
        self.assertEqual(self.body("estate", "hello.txt"), b"hello")
        self.assertEqual(self.s3.head_object(Bucket="estate", Key="large.bin")["ContentLength"], 3_000_000_000)
        part = self.body("estate", "large.bin", Range="bytes=2000000000-2000000999")
        self.assertEqual((len(part), part), (1000, self.body("estate", "large.bin", Range="bytes=2000000000-2000000999")))

    # --- Versions

    def test_versions(self):
        name = self.bucket()
        self.put(name, "k", b"null")
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        self.assertEqual(self.s3.get_bucket_versioning(Bucket=name)["Status"], "Enabled")
        one, two = (self.put(name, "k", body)["VersionId"] for body in (b"1", b"2"))
        self.assertEqual([self.body(name, "k", VersionId=v) for v in ("null", one, two)], [b"null", b"1", b"2"])
        marker = self.s3.delete_object(Bucket=name, Key="k")
        self.assertTrue(marker["DeleteMarker"])
        self.assertEqual(self.code(self.s3.get_object, Bucket=name, Key="k"), "NoSuchKey")
        self.assertEqual(self.code(self.s3.get_object, Bucket=name, Key="k", VersionId=marker["VersionId"]), "MethodNotAllowed")
        self.assertEqual(self.keys(name), [])
        listed = self.s3.list_object_versions(Bucket=name)
        self.assertEqual([v["VersionId"] for v in listed["Versions"]], [two, one, "null"])
        self.assertEqual([(m["VersionId"], m["IsLatest"]) for m in listed["DeleteMarkers"]], [(marker["VersionId"], True)])
        pages = self.s3.get_paginator("list_object_versions").paginate(Bucket=name, PaginationConfig={"PageSize": 1})
        self.assertEqual(sum(len(p.get("Versions", [])) + len(p.get("DeleteMarkers", [])) for p in pages), 4)
        gone = self.s3.delete_object(Bucket=name, Key="k", VersionId=marker["VersionId"])
        self.assertTrue(gone["DeleteMarker"])
        self.assertEqual(self.body(name, "k"), b"2")
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Suspended"})
        self.assertEqual(self.put(name, "k", b"null again")["VersionId"], "null")
        self.assertEqual(len(self.s3.list_object_versions(Bucket=name)["Versions"]), 3)
        self.assertEqual(self.code(self.s3.delete_bucket, Bucket=name), "BucketNotEmpty")
        for v in self.s3.list_object_versions(Bucket=name)["Versions"]:
            self.s3.delete_object(Bucket=name, Key="k", VersionId=v["VersionId"])
        self.s3.delete_bucket(Bucket=name)

    def test_deletion_with_mfa(self):
        name = self.bucket()
        params = {"Bucket": name, "VersioningConfiguration": {"Status": "Enabled", "MFADelete": "Enabled"}}
        self.assertEqual(self.code(self.s3.put_bucket_versioning, **params), "AccessDenied")
        self.s3.put_bucket_versioning(MFA="arn:aws:iam::123456789012:mfa/x 123456", **params)
        version = self.put(name, "k")["VersionId"]
        self.assertEqual(self.code(self.s3.delete_object, Bucket=name, Key="k", VersionId=version), "AccessDenied")
        self.s3.delete_object(Bucket=name, Key="k", VersionId=version, MFA="arn:aws:iam::123456789012:mfa/x 123456")

    def test_many_at_once(self):
        name = self.bucket(ObjectLockEnabledForBucket=True)
        odd = ["plain", "sp ace", "ü&<>\"'", "a/b//c", "new\nline", "plus+", "%41"]
        versions = {key: self.put(name, key)["VersionId"] for key in odd}
        self.s3.put_object_legal_hold(Bucket=name, Key="plain", LegalHold={"Status": "ON"})
        answer = self.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": k, "VersionId": v} for k, v in versions.items()]})
        self.assertEqual(sorted(d["Key"] for d in answer["Deleted"]), sorted(odd[1:]))
        self.assertEqual([(e["Key"], e["Code"]) for e in answer["Errors"]], [("plain", "AccessDenied")])
        answer = self.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": "plain"}, {"Key": "never"}], "Quiet": True})
        self.assertNotIn("Deleted", answer)
        self.assertEqual(self.keys(name), [])

    def test_locks(self):
        name = self.bucket(ObjectLockEnabledForBucket=True)
        self.assertEqual(self.s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"], {"ObjectLockEnabled": "Enabled"})
        version = self.put(name, "k")["VersionId"]
        self.assertEqual(self.code(self.s3.get_object_retention, Bucket=name, Key="k"), "NoSuchObjectLockConfiguration")
        self.s3.put_object_retention(Bucket=name, Key="k", Retention={"Mode": "GOVERNANCE", "RetainUntilDate": "2099-01-01T00:00:00Z"})
        self.assertEqual(self.s3.get_object_retention(Bucket=name, Key="k")["Retention"]["Mode"], "GOVERNANCE")
        self.assertEqual(self.code(self.s3.delete_object, Bucket=name, Key="k", VersionId=version), "AccessDenied")
        self.s3.delete_object(Bucket=name, Key="k", VersionId=version, BypassGovernanceRetention=True)
        held = self.put(name, "h", ObjectLockLegalHoldStatus="ON")["VersionId"]
        self.assertEqual(self.s3.get_object_legal_hold(Bucket=name, Key="h")["LegalHold"]["Status"], "ON")
        self.assertEqual(self.code(self.s3.delete_object, Bucket=name, Key="h", VersionId=held), "AccessDenied")
        self.s3.put_object_lock_configuration(Bucket=name, ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}})
        kept = self.put(name, "c")["VersionId"]
        self.assertEqual(self.code(self.s3.delete_object, Bucket=name, Key="c", VersionId=kept, BypassGovernanceRetention=True), "AccessDenied")

    # --- Uploads in parts

    def test_large_files(self):
        name = self.bucket()
        path = os.path.join(self.home.path, "large")
        content = os.urandom(17 * MIB + 5)
        with open(path, "wb") as file:
            file.write(content)
        self.s3.upload_file(path, name, "k", Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
        head = self.s3.head_object(Bucket=name, Key="k")
        self.assertEqual(head["ContentLength"], len(content))
        self.assertTrue(head["ETag"].endswith('-4"'), head["ETag"])
        into = io.BytesIO()
        self.s3.download_fileobj(name, "k", into, Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB))
        self.assertEqual(into.getvalue(), content)
        self.assertEqual(self.s3.get_object(Bucket=name, Key="k", PartNumber=4)["PartsCount"], 4)
        self.assertEqual(self.body(name, "k", PartNumber=4), content[15 * MIB:])
        self.put(name, "whole", content)
        self.assertEqual(self.body(name, "whole"), content)
        self.s3.copy({"Bucket": name, "Key": "whole"}, name, "copy", Config=TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=6 * MIB))
        self.assertEqual(self.body(name, "copy"), content)

    def test_uploads_in_parts(self):
        name = self.bucket()
        upload = self.s3.create_multipart_upload(Bucket=name, Key="k", Metadata={"a": "1"})["UploadId"]
        these = {"Bucket": name, "Key": "k", "UploadId": upload}
        etags = [self.s3.upload_part(PartNumber=n, Body=b"x" * size, **these)["ETag"] for n, size in ((1, 5 * MIB), (2, 10), (3, 10))]
        self.assertEqual([p["PartNumber"] for p in self.s3.list_parts(**these)["Parts"]], [1, 2, 3])
        self.assertEqual([u["UploadId"] for u in self.s3.list_multipart_uploads(Bucket=name)["Uploads"]], [upload])

        def complete(*parts):
            return self.code(self.s3.complete_multipart_upload, MultipartUpload={"Parts": [{"PartNumber": n, "ETag": e} for n, e in parts]}, **these)

        self.assertEqual(complete((2, etags[1]), (1, etags[0])), "InvalidPartOrder")
        self.assertEqual(complete((1, etags[1])), "InvalidPart")
        self.assertEqual(complete((9, etags[1])), "InvalidPart")
        self.assertEqual(complete((1, etags[0]), (2, etags[1]), (3, etags[2])), "EntityTooSmall")
        done = self.s3.complete_multipart_upload(MultipartUpload={"Parts": [{"PartNumber": n, "ETag": etags[n - 1]} for n in (1, 3)]}, **these)
        self.assertTrue(done["ETag"].endswith('-2"'))
        self.assertEqual(self.s3.head_object(Bucket=name, Key="k")["ContentLength"], 5 * MIB + 10)
        self.assertEqual(self.code(self.s3.list_parts, **these), "NoSuchUpload")
        gone = self.s3.create_multipart_upload(Bucket=name, Key="gone")["UploadId"]
        self.s3.abort_multipart_upload(Bucket=name, Key="gone", UploadId=gone)
        self.assertNotIn("Uploads", self.s3.list_multipart_uploads(Bucket=name))

    # --- Presigned

    def test_presigned(self):
        name = self.bucket()
        s3 = client(self.server.url, signature_version="s3v4")
        url = s3.generate_presigned_url("put_object", Params={"Bucket": name, "Key": "p"})
        body = b"z" * (2 * MIB)
        for content in (b"small", body):
            with urllib.request.urlopen(urllib.request.Request(url, data=content, method="PUT")) as answer:
                self.assertEqual(answer.status, 200)
            with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": name, "Key": "p"})) as answer:
                self.assertEqual(answer.read(), content)

    def test_the_older_signature_is_refused(self):
        url = client(self.server.url, signature_version="s3").generate_presigned_url("get_object", Params={"Bucket": "estate", "Key": "hello.txt"})
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(url)
        self.assertEqual(refused.exception.code, 400)
        self.assertIn(b"Please use AWS4-HMAC-SHA256", refused.exception.read())

    # --- Configuration

    def test_tags(self):
        name = self.bucket()
        tags = [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}]
        self.assertEqual(self.code(self.s3.get_bucket_tagging, Bucket=name), "NoSuchTagSet")
        self.s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_bucket_tagging(Bucket=name)["TagSet"], tags)
        self.s3.delete_bucket_tagging(Bucket=name)
        self.assertEqual(self.code(self.s3.get_bucket_tagging, Bucket=name), "NoSuchTagSet")
        self.put(name, "k")
        self.s3.put_object_tagging(Bucket=name, Key="k", Tagging={"TagSet": tags})
        self.assertEqual(self.s3.get_object_tagging(Bucket=name, Key="k")["TagSet"], tags)
        self.s3.delete_object_tagging(Bucket=name, Key="k")
        self.assertEqual(self.s3.get_object_tagging(Bucket=name, Key="k")["TagSet"], [])
        many = [{"Key": str(i), "Value": ""} for i in range(11)]
        self.assertEqual(self.code(self.s3.put_object_tagging, Bucket=name, Key="k", Tagging={"TagSet": many}), "BadRequest")
        double = [{"Key": "a", "Value": ""}, {"Key": "a", "Value": ""}]
        self.assertEqual(self.code(self.s3.put_bucket_tagging, Bucket=name, Tagging={"TagSet": double}), "InvalidTag")

    def test_documents(self):
        """Each is missing or has AWS's default, comes back as it was put, and goes again."""
        name, logs = self.bucket(), self.bucket()
        s3 = self.s3
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        role = "arn:aws:iam::123456789012:role/r"
        rows = [
            ("bucket_encryption", "ServerSideEncryptionConfiguration", False, None, {"Rules": [
                {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "k"}, "BucketKeyEnabled": True}]}, True),
            ("bucket_lifecycle_configuration", "LifecycleConfiguration", True, "NoSuchLifecycleConfiguration", {"Rules": [
                {"ID": "one", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 3}}]}, "delete_bucket_lifecycle"),
            ("public_access_block", "PublicAccessBlockConfiguration", False, None, {
                "BlockPublicAcls": False, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}, True),
            ("bucket_ownership_controls", "OwnershipControls", False, None, {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}, True),
            ("bucket_cors", "CORSConfiguration", True, "NoSuchCORSConfiguration", {"CORSRules": [
                {"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["*"], "MaxAgeSeconds": 5}]}, True),
            ("bucket_website", "WebsiteConfiguration", True, "NoSuchWebsiteConfiguration",
             {"IndexDocument": {"Suffix": "i.html"}, "ErrorDocument": {"Key": "e.html"}}, True),
            ("bucket_replication", "ReplicationConfiguration", False, "ReplicationConfigurationNotFoundError", {"Role": role, "Rules": [
                {"ID": "r", "Priority": 1, "Filter": {"Prefix": ""}, "Status": "Enabled", "Destination": {"Bucket": f"arn:aws:s3:::{logs}"},
                 "DeleteMarkerReplication": {"Status": "Disabled"}}]}, True),
            ("bucket_logging", "BucketLoggingStatus", True, None, {"LoggingEnabled": {"TargetBucket": logs, "TargetPrefix": "p/"}}, None),
            ("bucket_notification_configuration", "NotificationConfiguration", True, None, {"TopicConfigurations": [
                {"Id": "t", "TopicArn": "arn:aws:sns:us-east-1:123456789012:t", "Events": ["s3:ObjectCreated:*"]}]}, None),
            ("bucket_accelerate_configuration", "AccelerateConfiguration", True, None, {"Status": "Enabled"}, None),
            ("bucket_request_payment", "RequestPaymentConfiguration", True, None, {"Payer": "Requester"}, None),
        ]
        for word, member, spread, missing, document, delete in rows:
            with self.subTest(word):
                get, put = getattr(s3, f"get_{word}"), getattr(s3, f"put_{word}")
                if missing:
                    self.assertEqual(self.code(get, Bucket=name), missing)
                else:
                    get(Bucket=name)
                put(Bucket=name, **{member: document})
                got = get(Bucket=name)
                got = {k: v for k, v in got.items() if k in document} if spread else got[member]
                self.assertEqual(got, document)
                if delete:
                    getattr(s3, delete if isinstance(delete, str) else f"delete_{word}")(Bucket=name)
                    if missing:
                        self.assertEqual(self.code(get, Bucket=name), missing)
        self.assertEqual(self.code(s3.get_public_access_block, Bucket=name), "NoSuchPublicAccessBlockConfiguration")
        self.assertEqual(self.code(s3.get_bucket_ownership_controls, Bucket=name), "OwnershipControlsNotFoundError")
        rules = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        self.assertEqual(rules[0]["ApplyServerSideEncryptionByDefault"], {"SSEAlgorithm": "AES256"})
        self.assertEqual(self.code(s3.get_object_lock_configuration, Bucket=logs), "ObjectLockConfigurationNotFoundError")

    def test_policies(self):
        name = self.bucket()
        self.assertEqual(self.code(self.s3.get_bucket_policy, Bucket=name), "NoSuchBucketPolicy")
        self.assertEqual(self.code(self.s3.put_bucket_policy, Bucket=name, Policy="no"), "MalformedPolicy")
        policy = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}]})
        self.s3.put_bucket_policy(Bucket=name, Policy=policy)
        self.assertEqual(self.s3.get_bucket_policy(Bucket=name)["Policy"], policy)
        self.assertTrue(self.s3.get_bucket_policy_status(Bucket=name)["PolicyStatus"]["IsPublic"])
        self.s3.delete_bucket_policy(Bucket=name)
        self.assertEqual(self.code(self.s3.get_bucket_policy_status, Bucket=name), "NoSuchBucketPolicy")

    def test_acls(self):
        name = self.bucket(ObjectOwnership="ObjectWriter")
        owner = self.s3.get_bucket_acl(Bucket=name)
        self.assertEqual([(g["Permission"], g["Grantee"]["ID"]) for g in owner["Grants"]], [("FULL_CONTROL", owner["Owner"]["ID"])])
        self.assertEqual(self.code(self.s3.put_bucket_acl, Bucket=name, ACL="public-read"), "AccessDenied")
        self.s3.delete_public_access_block(Bucket=name)
        self.s3.put_bucket_acl(Bucket=name, ACL="public-read")
        self.assertEqual([g["Grantee"]["Type"] for g in self.s3.get_bucket_acl(Bucket=name)["Grants"]], ["CanonicalUser", "Group"])
        self.put(name, "k")
        self.s3.put_object_acl(Bucket=name, Key="k", ACL="authenticated-read")
        self.assertEqual(len(self.s3.get_object_acl(Bucket=name, Key="k")["Grants"]), 2)
        self.assertEqual(self.code(self.s3.put_bucket_acl, Bucket=self.bucket(), ACL="public-read"), "AccessControlListNotSupported")

    def test_lists_of_configurations(self):
        name = self.bucket()
        target = {"S3BucketDestination": {"Bucket": f"arn:aws:s3:::{name}", "Format": "CSV"}}
        rows = [
            ("inventory", "InventoryConfiguration", {"Destination": target, "IsEnabled": True, "IncludedObjectVersions": "All",
                                                     "Schedule": {"Frequency": "Daily"}}),
            ("analytics", "AnalyticsConfiguration", {"StorageClassAnalysis": {}}),
            ("metrics", "MetricsConfiguration", {"Filter": {"Prefix": "x"}}),
            ("intelligent_tiering", "IntelligentTieringConfiguration", {"Status": "Enabled", "Tierings": [
                {"Days": 90, "AccessTier": "ARCHIVE_ACCESS"}]}),
        ]
        for word, member, document in rows:
            with self.subTest(word):
                call = lambda verb, end="": getattr(self.s3, f"{verb}_bucket_{word}_configuration{end}")
                self.assertEqual(self.code(call("get"), Bucket=name, Id="a"), "NoSuchConfiguration")
                for one in ("b", "a"):
                    call("put")(Bucket=name, Id=one, **{member: {**document, "Id": one}})
                self.assertEqual(call("get")(Bucket=name, Id="a")[member]["Id"], "a")
                self.assertEqual([c["Id"] for c in call("list", "s")(Bucket=name)[f"{member}List"]], ["a", "b"])
                call("delete")(Bucket=name, Id="a")
                self.assertEqual(self.code(call("delete"), Bucket=name, Id="a"), "NoSuchConfiguration")

    def test_what_is_kept_is_an_estate(self):
        name = self.bucket()
        self.put(name, "binary", b"\xff\x00", Metadata={"a": "1"})
        region = self.server.get("/_sandbox/state")["accounts"][harness.ACCOUNT]["regions"][harness.REGION]
        row = next(o for o in region["objects"] if o["Bucket"] == name)
        self.assertEqual((row["Key"], row["BodyBase64"], row["Metadata"]), ("binary", "/wA=", {"a": "1"}))
        self.assertIn(name, [b["Name"] for b in region["buckets"]])


if __name__ == "__main__":
    unittest.main()
