"""boto3, unmodified, against `reeve sandbox` (the binary is $REEVE, default build/release/reeve).

Run with a Python that has boto3: python tests/e2e/sandbox_boto3_test.py
"""

import json
import os
import re
import subprocess
import tempfile
import unittest
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.parsers import ResponseParserError

REEVE = os.environ.get("REEVE", "build/release/reeve")


class SandboxTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen(
            [REEVE, "sandbox", "--port", "0", "--generate", "300", "--seed", "7"],
            stdout=subprocess.PIPE, text=True)
        line = cls.process.stdout.readline()
        cls.url = re.search(r"listening on (\S+)", line).group(1)

    @classmethod
    def tearDownClass(cls):
        cls.process.terminate()
        cls.process.wait()
        cls.process.stdout.close()

    def client(self, service, key="testing", secret="testing", token=None, region="us-east-1"):
        return boto3.client(service, region_name=region, endpoint_url=self.url, aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token,
                            config=Config(retries={"max_attempts": 1, "mode": "standard"}))

    def code(self, call, **params):
        with self.assertRaises(ClientError) as refused:
            call(**params)
        return refused.exception.response["Error"]["Code"]

    def test_the_script_everybody_starts_with(self):
        # An account of its own, so that what is deleted here is not missed elsewhere.
        ec2 = self.client("ec2", "111122223333", "sandbox")
        kept = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
        gone = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
        snapshots = [ec2.create_snapshot(VolumeId=v, Description="x")["SnapshotId"] for v in (kept, gone)]
        ec2.delete_volume(VolumeId=gone)
        running = [i["InstanceId"] for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
        self.assertEqual(running, [])
        deleted = []
        for snapshot in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
            try:
                ec2.describe_volumes(VolumeIds=[snapshot["VolumeId"]])
            except ClientError as error:
                if error.response["Error"]["Code"] == "InvalidVolume.NotFound":
                    ec2.delete_snapshot(SnapshotId=snapshot["SnapshotId"])
                    deleted.append(snapshot["SnapshotId"])
        self.assertEqual(deleted, snapshots[1:])
        self.assertEqual([s["SnapshotId"] for s in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]], snapshots[:1])

    def test_pages_and_waiters(self):
        ec2 = self.client("ec2")
        pages = list(ec2.get_paginator("describe_snapshots").paginate(OwnerIds=["self"], PaginationConfig={"PageSize": 70}))
        ids = [s["SnapshotId"] for page in pages for s in page["Snapshots"]]
        self.assertEqual((len(pages), len(ids), len(set(ids))), (5, 300, 300))
        done = [s["SnapshotId"] for s in pages[0]["Snapshots"] if s["State"] == "completed"][:2]
        ec2.get_waiter("snapshot_completed").wait(SnapshotIds=done)

    def test_errors_are_those_of_aws(self):
        ec2 = self.client("ec2")
        self.assertEqual(self.code(ec2.describe_volumes, VolumeIds=["vol-0123456789abcdef0"]), "InvalidVolume.NotFound")
        self.assertEqual(self.code(ec2.describe_volumes, VolumeIds=["vol-x"]), "InvalidVolumeID.Malformed")
        self.assertEqual(self.code(ec2.delete_snapshot, SnapshotId="snap-0123456789abcdef0", DryRun=True), "DryRunOperation")
        self.assertEqual(self.code(ec2.describe_vpn_gateways), "InvalidAction")
        self.assertEqual(self.code(self.client("rbin").get_rule, Identifier="abcdefghijk"), "ResourceNotFoundException")
        wrong = self.client("ec2", "testing", "wrong")
        self.assertEqual(self.code(wrong.describe_regions), "AuthFailure")

    def test_images_keep_their_root_and_the_bin_gives_back(self):
        ec2 = self.client("ec2")
        image = next(i for i in ec2.describe_images(Owners=["self"])["Images"])
        root = next(d["Ebs"]["SnapshotId"] for d in image["BlockDeviceMappings"] if d["DeviceName"] == image["RootDeviceName"])
        self.assertIn(self.code(ec2.delete_snapshot, SnapshotId=root), ("InvalidSnapshot.InUse",))
        free = next(s for s in ec2.describe_snapshots(OwnerIds=["self"], Filters=[{"Name": "volume-id", "Values": ["vol-ffffffff"]}])["Snapshots"]
                    if not any(t["Key"] in ("recycle-bin", "aws:backup:source-resource") for t in s.get("Tags", [])))
        ec2.delete_snapshot(SnapshotId=free["SnapshotId"])
        binned = ec2.list_snapshots_in_recycle_bin(SnapshotIds=[free["SnapshotId"]])["Snapshots"][0]
        self.assertGreater(binned["RecycleBinExitTime"], binned["RecycleBinEnterTime"])
        ec2.restore_snapshot_from_recycle_bin(SnapshotId=free["SnapshotId"])
        again = ec2.describe_snapshots(SnapshotIds=[free["SnapshotId"]])["Snapshots"][0]
        self.assertEqual(again, free)

    def test_instances_run_stop_and_end(self):
        ec2 = self.client("ec2", "444455556666", "sandbox")
        image = ec2.register_image(Name="base", RootDeviceName="/dev/xvda",
                                   BlockDeviceMappings=[{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}])["ImageId"]
        made = ec2.run_instances(ImageId=image, MinCount=2, MaxCount=2, InstanceType="t3.micro",
                                 TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "a"}]}])
        ids = [i["InstanceId"] for i in made["Instances"]]
        ec2.stop_instances(InstanceIds=ids)
        ec2.get_waiter("instance_stopped").wait(InstanceIds=ids)
        stopped = ec2.describe_instances(InstanceIds=ids)["Reservations"]
        self.assertEqual(len(stopped), 1)
        self.assertRegex(stopped[0]["Instances"][0]["StateTransitionReason"], r"User initiated \(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d GMT\)")
        ec2.modify_instance_attribute(InstanceId=ids[0], DisableApiTermination={"Value": True})
        self.assertEqual(self.code(ec2.terminate_instances, InstanceIds=ids[:1]), "OperationNotPermitted")
        ec2.terminate_instances(InstanceIds=ids[1:])
        self.assertEqual([v["Size"] for v in ec2.describe_volumes()["Volumes"]], [8])

    def test_the_other_services(self):
        self.assertEqual(self.client("sts").get_caller_identity()["Account"], "123456789012")
        role = self.client("sts").assume_role(RoleArn="arn:aws:iam::210987654321:role/reader", RoleSessionName="session")["Credentials"]
        reader = self.client("sts", role["AccessKeyId"], role["SecretAccessKey"], role["SessionToken"])
        self.assertEqual(reader.get_caller_identity()["Arn"], "arn:aws:sts::210987654321:assumed-role/reader/session")
        self.assertEqual(self.client("iam").list_account_aliases()["AccountAliases"], ["example-sandbox"])
        rules = self.client("rbin").list_rules(ResourceType="EBS_SNAPSHOT")["Rules"]
        self.assertEqual(rules[0]["RetentionPeriod"], {"RetentionPeriodValue": 7, "RetentionPeriodUnit": "DAYS"})
        scaling = self.client("autoscaling")
        self.assertEqual(len(scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]), 2)
        self.assertTrue(scaling.describe_launch_configurations()["LaunchConfigurations"][0]["BlockDeviceMappings"])
        ec2 = self.client("ec2")
        versions = ec2.describe_launch_template_versions(Versions=["$Latest", "$Default"])["LaunchTemplateVersions"]
        self.assertTrue(versions)
        self.assertEqual(len(ec2.describe_regions()["Regions"]), 17)

    def test_the_sandboxs_own_pages(self):
        with urllib.request.urlopen(self.url + "/_sandbox/state") as answer:
            self.assertEqual(json.load(answer)["format"], 1)
        with urllib.request.urlopen(self.url + "/_sandbox/calls") as answer:
            self.assertIsInstance(json.load(answer), dict)


class BrokenConnectionsTest(unittest.TestCase):
    """A fault script breaks connections, and boto3 sees what it would see of a network that fails."""

    def test_lost_refused_and_torn(self):
        rules = [{"match": {"operation": "CreateTags"}, "fault": {"timeout_before": {"ms": 1}}},
                 {"match": {"operation": "CreateTags"}, "fault": {"timeout_after": {"ms": 1}}},
                 {"match": {"operation": "DeleteTags"}, "fault": "torn_body"}]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as script:
            json.dump({"format": 1, "rules": rules}, script)
            script.flush()
            process = subprocess.Popen([REEVE, "sandbox", "--port", "0", "--generate", "20", "--faults", script.name],
                                       stdout=subprocess.PIPE, text=True)
            try:
                url = re.search(r"listening on (\S+)", process.stdout.readline()).group(1)
                self.broken_connections(boto3.client(
                    "ec2", region_name="us-east-1", endpoint_url=url, aws_access_key_id="testing",
                    aws_secret_access_key="testing", config=Config(retries={"total_max_attempts": 1})))
            finally:
                process.terminate()
                process.wait()
                process.stdout.close()

    def broken_connections(self, ec2):
        snapshot = ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"][0]["SnapshotId"]

        def tagged():
            tags = ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0].get("Tags", [])
            return {"Key": "k", "Value": "v"} in tags

        tag = {"Resources": [snapshot], "Tags": [{"Key": "k", "Value": "v"}]}
        with self.assertRaises(ConnectionClosedError):
            ec2.create_tags(**tag)
        self.assertFalse(tagged())
        with self.assertRaises(ConnectionClosedError):
            ec2.create_tags(**tag)
        self.assertTrue(tagged())
        with self.assertRaises(ResponseParserError):  # what botocore makes of half an XML document
            ec2.delete_tags(**tag)
        self.assertFalse(tagged())

    def test_a_script_for_what_is_not_there(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as script:
            script.write('{"format": 1, "rules": [{"match": {"operation": "DeleteSnapshto"}, "fault": "throttle"}]}')
            script.flush()
            run = subprocess.run([REEVE, "sandbox", "--port", "0", "--faults", script.name], capture_output=True,
                                 text=True, timeout=60)
        self.assertNotEqual(run.returncode, 0)
        self.assertIn(":1:", run.stderr)
        self.assertIn("did you mean 'DeleteSnapshot'?", run.stderr)


if __name__ == "__main__":
    unittest.main()
