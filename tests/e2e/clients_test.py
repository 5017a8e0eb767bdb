"""boto3 and awscli, unmodified, against `reeve sandbox --generate 300`; and reeve beside them on the same cloud.

    REEVE=build/debug/reeve build/deps/venv/bin/python tests/e2e/clients_test.py

sandbox_boto3_test.py has the first steps; here are the long script, the command line client, and what the three see of
each other.
"""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

from harness import ACCOUNT, POLICY, REGION, ROOT, Home, environment, sandbox  # noqa: E402

AWS = os.path.join(os.path.dirname(sys.executable), "aws")


class Clients(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.home = Home()
        self.addCleanup(self.home.close)
        self.server = sandbox(self.home, "--generate", "300", "--seed", "7")
        self.addCleanup(self.server.stop)
        self.ec2 = self.client("ec2")

    def client(self, service, make=boto3.client):
        return make(service, region_name=REGION, endpoint_url=self.server.url, aws_access_key_id="testing",
                    aws_secret_access_key="testing", config=Config(retries={"max_attempts": 1, "mode": "standard"}))

    def code(self, call, **params):
        with self.assertRaises(ClientError) as refused:
            call(**params)
        return refused.exception.response["Error"]["Code"]

    def aws(self, *args, code=0):
        ended = subprocess.run([sys.executable, AWS, *args], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                               env=environment(self.home.path, AWS_ENDPOINT_URL=self.server.url, AWS_DEFAULT_REGION=REGION, AWS_PAGER=""), timeout=60)
        self.assertEqual(ended.returncode, code, ended)
        return ended.stderr if code else ended.stdout

    def reeve(self, *args, code=0):
        ended = self.home.reeve(*args, "--endpoint-url", self.server.url, "-o", "json")
        self.assertEqual(ended.code, code, ended)
        return ended.json

    def left(self):
        return {s["SnapshotId"] for s in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}


class Boto3(Clients):
    def test_the_script_everybody_starts_with(self):
        """What it deletes is what it found; what AWS refuses stays; reeve would not have taken all of it."""
        before = self.left()
        running = {i["InstanceId"] for r in self.ec2.describe_instances(
            Filters=[{"Name": "instance-state-name", "Values": ["running"]}])["Reservations"] for i in r["Instances"]}
        self.assertTrue(running)
        deleted, refused = set(), {}
        for snapshot in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]:
            id, volume = snapshot["SnapshotId"], snapshot.get("VolumeId")
            try:
                if volume:
                    attached = self.ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["Attachments"]
                    self.assertIsInstance(attached, list)
                    continue
            except ClientError as error:
                self.assertEqual(error.response["Error"]["Code"], "InvalidVolume.NotFound")
            try:
                self.ec2.delete_snapshot(SnapshotId=id)
                deleted.add(id)
            except ClientError as error:
                refused[id] = error.response["Error"]["Code"]
        self.assertEqual(self.left(), before - deleted)
        self.assertEqual(self.server.snapshots(), before - deleted)
        self.assertTrue(refused)
        self.assertIn("InvalidSnapshot.InUse", refused.values())

    def test_reeve_takes_less_than_that_script(self):
        volumes = {v["VolumeId"] for v in self.ec2.describe_volumes()["Volumes"]}
        snapshots = self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]
        script = {s["SnapshotId"] for s in snapshots if s.get("VolumeId") not in volumes}
        plan = self.reeve("plan", POLICY, "--limit", "none", "--allow-irreversible")
        planned = {row["id"] for row in plan["rows"]}
        self.assertLess(planned, script)
        used = {d["Ebs"]["SnapshotId"] for i in self.ec2.describe_images(Owners=["self"])["Images"]
                for d in i["BlockDeviceMappings"] if "SnapshotId" in d.get("Ebs", {})}
        self.assertFalse(planned & used)
        # Every volume that had a completed snapshot still has one, or is alive.
        def data_sets(ids):
            return {s["VolumeId"] for s in snapshots if s["SnapshotId"] in ids and s["State"] == "completed"
                    and s.get("VolumeId", "") not in ("", "vol-ffffffff")}
        before = self.left()
        self.reeve("apply", plan["plan"]["id"])
        left = self.left()
        self.assertEqual(left, before - planned)
        self.assertLessEqual(data_sets(before) - data_sets(left), volumes)

    def test_pages_are_the_whole(self):
        for operation, path, size in (("describe_snapshots", "Snapshots", 7), ("describe_volumes", "Volumes", 11),
                                      ("describe_images", "Images", 5), ("describe_instances", "Reservations", 6),
                                      ("describe_launch_templates", "LaunchTemplates", 5), ("describe_tags", "Tags", 90)):
            params = {"OwnerIds": ["self"]} if path == "Snapshots" else {"Owners": ["self"]} if path == "Images" else {}
            whole = getattr(self.ec2, operation)(**params)[path]
            paginator = self.ec2.get_paginator(operation)
            pages = [page[path] for page in paginator.paginate(**params, PaginationConfig={"PageSize": size})]
            self.assertEqual([item for page in pages for item in page], whole, operation)
            self.assertTrue(all(len(page) <= size for page in pages), operation)
            self.assertGreater(len(whole), 0, operation)

    def test_resources(self):
        resource = self.client("ec2", boto3.resource)
        snapshot = next(iter(resource.snapshots.filter(OwnerIds=["self"]).limit(1)))
        self.assertEqual(snapshot.owner_id, ACCOUNT)
        snapshot.create_tags(Tags=[{"Key": "e2e-mark", "Value": "<a&b> \N{SNOWMAN}"}])
        snapshot.reload()
        self.assertIn({"Key": "e2e-mark", "Value": "<a&b> \N{SNOWMAN}"}, snapshot.tags)
        [found] = list(resource.snapshots.filter(Filters=[{"Name": "tag:e2e-mark", "Values": ["*\N{SNOWMAN}"]}]))
        self.assertEqual(found.id, snapshot.id)
        self.ec2.delete_tags(Resources=[snapshot.id], Tags=[{"Key": "e2e-mark"}])
        self.assertEqual(list(resource.snapshots.filter(Filters=[{"Name": "tag-key", "Values": ["e2e-mark"]}])), [])

    def test_waiters(self):
        volume = self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
        self.ec2.get_waiter("volume_available").wait(VolumeIds=[volume])
        snapshot = self.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        self.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot])
        self.ec2.delete_volume(VolumeId=volume)
        self.ec2.get_waiter("volume_deleted").wait(VolumeIds=[volume])

    def test_dry_run_changes_nothing(self):
        volume = self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
        snapshot = self.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
        self.ec2.get_waiter("snapshot_completed").wait(SnapshotIds=[snapshot])
        before = self.server.get("/_sandbox/state")["accounts"]
        for call, params in ((self.ec2.delete_snapshot, {"SnapshotId": snapshot}), (self.ec2.delete_volume, {"VolumeId": volume}),
                             (self.ec2.create_snapshot, {"VolumeId": volume}),
                             (self.ec2.create_tags, {"Resources": [snapshot], "Tags": [{"Key": "a", "Value": "b"}]}),
                             (self.ec2.modify_snapshot_tier, {"SnapshotId": snapshot, "StorageTier": "archive"})):
            self.assertEqual(self.code(call, DryRun=True, **params), "DryRunOperation")
        self.assertTrue(self.server.get("/_sandbox/state")["accounts"] == before)  # their difference would fill pages

    def test_locks_tiers_and_sharing(self):
        volume = self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=10)["VolumeId"]
        one, other = (self.ec2.create_snapshot(VolumeId=volume)["SnapshotId"] for _ in range(2))
        self.ec2.lock_snapshot(SnapshotId=one, LockMode="governance", LockDuration=1)
        self.assertEqual(self.code(self.ec2.delete_snapshot, SnapshotId=one), "SnapshotLocked")
        self.assertEqual([s["SnapshotId"] for s in self.ec2.describe_locked_snapshots(SnapshotIds=[one])["Snapshots"]], [one])
        self.ec2.unlock_snapshot(SnapshotId=one)
        self.ec2.delete_snapshot(SnapshotId=one)
        self.ec2.modify_snapshot_attribute(SnapshotId=other, Attribute="createVolumePermission", OperationType="add",
                                           UserIds=["210987654321"])
        self.assertEqual(self.ec2.describe_snapshot_attribute(SnapshotId=other, Attribute="createVolumePermission")
                         ["CreateVolumePermissions"], [{"UserId": "210987654321"}])
        self.ec2.reset_snapshot_attribute(SnapshotId=other, Attribute="createVolumePermission")
        self.ec2.modify_snapshot_tier(SnapshotId=other, StorageTier="archive")
        self.assertEqual(self.ec2.describe_snapshots(SnapshotIds=[other])["Snapshots"][0]["StorageTier"], "archive")
        self.ec2.restore_snapshot_tier(SnapshotId=other, PermanentRestore=True)
        self.assertEqual(self.ec2.describe_snapshots(SnapshotIds=[other])["Snapshots"][0]["StorageTier"], "standard")

    def test_reeve_and_boto3_see_the_same(self):
        for kind, ids in (
                ("ebs-snapshot", self.left()),
                ("ebs", {v["VolumeId"] for v in self.ec2.describe_volumes()["Volumes"]}),
                ("ec2", {i["InstanceId"] for r in self.ec2.describe_instances()["Reservations"] for i in r["Instances"]}),
                ("ami", {i["ImageId"] for i in self.ec2.describe_images(Owners=["self"])["Images"]})):
            self.assertLessEqual(ids, set(self.reeve("list", kind, "--ids")["records"]), kind)
        plan = self.reeve("plan", POLICY, "--limit", "none")
        run = self.reeve("apply", plan["plan"]["id"], code=3)  # some rows need consent
        binned = {row["id"] for row in run["rows"] if row["outcome"] == "done"}
        listed = {s["SnapshotId"] for page in self.ec2.get_paginator("list_snapshots_in_recycle_bin").paginate()
                  for s in page["Snapshots"]}
        self.assertLessEqual(binned, listed)
        # boto3 restores one before reeve undoes the run: reeve finds it there and brings back the others.
        first = sorted(binned)[0]
        self.ec2.restore_snapshot_from_recycle_bin(SnapshotId=first)
        self.reeve("undo", run["run"]["id"])
        self.assertLessEqual(binned, self.left())


class CommandLine(Clients):
    def test_awscli(self):
        identity = json.loads(self.aws("sts", "get-caller-identity", "--output", "json"))
        self.assertEqual(identity["Account"], ACCOUNT)
        self.assertEqual(self.aws("iam", "list-account-aliases", "--query", "AccountAliases[0]", "--output", "text").strip(),
                         "example-sandbox")
        count = self.aws("ec2", "describe-snapshots", "--owner-ids", "self", "--page-size", "50", "--query",
                         "Snapshots[].SnapshotId", "--output", "json")
        self.assertEqual(set(json.loads(count)), self.left())
        self.assertIn("(InvalidVolume.NotFound)", self.aws("ec2", "describe-volumes", "--volume-ids", "vol-0123456789abcdef0", code=255))
        victim = sorted(self.left())[0]
        self.assertIn("(DryRunOperation)", self.aws("ec2", "delete-snapshot", "--dry-run", "--snapshot-id", victim, code=255))
        self.aws("ec2", "create-tags", "--resources", victim, "--tags", "Key=note,Value=a b")
        tags = json.loads(self.aws("ec2", "describe-tags", "--filters", "Name=key,Values=note", "--output", "json"))["Tags"]
        self.assertEqual([(t["ResourceId"], t["Value"]) for t in tags], [(victim, "a b")])
        rules = json.loads(self.aws("rbin", "list-rules", "--resource-type", "EBS_SNAPSHOT", "--output", "json"))["Rules"]
        self.assertTrue(rules)
        self.aws("ec2", "wait", "snapshot-completed", "--snapshot-ids", victim)
        self.assertIn("InvalidAction", self.aws("ec2", "describe-vpn-gateways", code=255))


if __name__ == "__main__":
    unittest.main()
