"""Reeve against moto, a cloud that others wrote: boto3 seeds it, reeve plans and applies over HTTP, and boto3 then sees
exactly what the plan said.

    REEVE=build/debug/reeve build/deps/venv/bin/python tests/e2e/moto_test.py

moto serves from this process, because two things cannot be said to it over HTTP: when a snapshot was begun, and that it
names no volume. It has no Recycle Bin, snapshot locks and fast restores: it answers these with an HTML page of status 500,
so their lists count as empty and nothing that is deleted can be undone.
"""

import datetime
import json
import logging
import os
import re
import sys
import types
import unittest

os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing")  # of the fake: nothing else is ever asked
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import boto3  # noqa: E402
from moto.ec2.models import ec2_backends  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

from harness import ACCOUNT, PLAN, POLICY, REGION, RUN, Home, misfits  # noqa: E402

logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # it logs the stack of each operation that moto lacks
logging.getLogger("moto").setLevel(logging.CRITICAL)

EVERY_REASON = "copied, foreign, no-volume, last-copy, volume-gone, volume-unattached, instance-not-running"
TAGGING = """
policies:
  - name: mark
    resource: aws.ebs-snapshot
    filters: [{"tag:owner": absent}]
    actions: [{type: tag, tags: {owner: nobody}}]
"""


class MotoTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        cls.server.start()
        host, port = cls.server.get_host_and_port()
        cls.url = f"http://{host}:{port}"
        cls.ec2 = boto3.client("ec2", region_name=REGION, endpoint_url=cls.url, aws_access_key_id="testing",
                               aws_secret_access_key="testing")

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    def setUp(self):
        ec2_backends[ACCOUNT][REGION].reset()
        self.home = Home()
        self.addCleanup(self.home.close)
        self.names = {}
        self.seed()

    # --- The estate --------------------------------------------------------------------------------------------------

    def volume(self):
        return self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=20)["VolumeId"]

    def aged(self, name, snapshot, days):
        self.names[name] = snapshot
        ec2_backends[ACCOUNT][REGION].snapshots[snapshot].start_time -= datetime.timedelta(days=days)
        return snapshot

    def snapshot(self, name, volume, days, tags=None):
        made = self.ec2.create_snapshot(VolumeId=volume, Description=name)["SnapshotId"]
        if tags:
            self.ec2.create_tags(Resources=[made], Tags=[{"Key": k, "Value": v} for k, v in tags.items()])
        return self.aged(name, made, days)

    def of_volume(self, name, volume):
        """What an import, or a snapshot without a source, says of its volume."""
        backend = ec2_backends[ACCOUNT][REGION]
        backend.snapshots[self.names[name]].volume = types.SimpleNamespace(id=volume, size=20)

    def gone(self, *snapshots):
        """A volume that was snapshotted and deleted."""
        volume = self.volume()
        for name, days, *tags in snapshots:
            self.snapshot(name, volume, days, *tags)
        self.ec2.delete_volume(VolumeId=volume)

    def seed(self):
        image = self.ec2.register_image(Name="base", RootDeviceName="/dev/xvda", BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8}}])["ImageId"]
        # moto makes a snapshot of its own for an image, of a volume that is gone.
        root = self.ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
        self.aged("of-an-image", root, 80)
        running, stopped = (i["InstanceId"] for i in self.ec2.run_instances(
            ImageId=image, MinCount=2, MaxCount=2, InstanceType="t3.micro")["Instances"])
        for instance, name in ((running, "of-a-running-instance"), (stopped, "of-a-stopped-instance")):
            volume = self.volume()
            self.ec2.attach_volume(InstanceId=instance, VolumeId=volume, Device="/dev/sdf")
            self.snapshot(name, volume, 50)
        self.ec2.stop_instances(InstanceIds=[stopped])
        self.snapshot("of-a-free-volume", self.volume(), 50)
        self.gone(("gone-oldest", 70), ("gone-older", 60), ("gone-newest", 50))
        self.gone(("gone-alone", 90),)
        self.gone(("young-older", 10), ("young-newest", 3))
        self.gone(("kept-by-tag", 60, {"reeve:protect": ""}), ("kept-by-tag-newest", 50))
        self.gone(("shared", 60), ("shared-newest", 50))
        self.gone(("of-kubernetes", 60, {"CSIVolumeSnapshotName": "snapcontent-1"}), ("of-kubernetes-newest", 50))
        self.ec2.modify_snapshot_attribute(SnapshotId=self.names["shared"], Attribute="createVolumePermission",
                                           OperationType="add", UserIds=["210987654321"])
        source = self.names["of-a-running-instance"]
        copy = self.ec2.copy_snapshot(SourceSnapshotId=source, SourceRegion=REGION,
                                      Description=f"[Copied {source} from {REGION}]")["SnapshotId"]
        self.aged("copy", copy, 60)
        for name, volume in (("imported", "vol-ffffffff"), ("of-no-volume", "")):
            self.snapshot(name, self.volume(), 60)
            self.of_volume(name, volume)

    def left(self):
        return {s["SnapshotId"] for s in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}

    def named(self, ids):
        names = {id: name for name, id in self.names.items()}
        return {names.get(id, id) for id in ids}

    # --- Reeve on it -------------------------------------------------------------------------------------------------

    def reeve(self, *args, code=0):
        ended = self.home.reeve(*args, "--endpoint-url", self.url, "-o", "json")
        self.assertEqual(ended.code, code, ended)
        return ended.json

    def test_every_reason(self):
        before = self.left()
        self.assertEqual(self.named(before), set(self.names))
        plan = self.reeve("plan", POLICY, "--var", f"reasons={EVERY_REASON}", "--limit", "none")
        self.assertEqual(misfits(plan, PLAN), [])
        names = {id: name for name, id in self.names.items()}
        reasons = {}
        for row in plan["rows"]:
            [finding] = [why for why in row["why"] if why["filter"] == "stale"]
            reasons[names[row["id"]]] = finding["evidence"]["reason"]
        self.assertEqual(reasons, {
            "copy": "copied", "imported": "foreign", "of-no-volume": "no-volume",
            "gone-oldest": "volume-gone", "gone-older": "volume-gone", "gone-newest": "last-copy", "gone-alone": "last-copy",
            "kept-by-tag-newest": "last-copy", "shared-newest": "last-copy", "of-kubernetes-newest": "last-copy",
            "of-a-free-volume": "volume-unattached", "of-a-stopped-instance": "instance-not-running"})
        kept = {names[k["id"]]: k["reason"]["code"] for k in plan["kept"]}
        self.assertEqual(kept, {"of-an-image": "in-use-by-image", "kept-by-tag": "protected", "shared": "shared",
                                "of-kubernetes": "managed"})
        [image] = [k for k in plan["kept"] if names[k["id"]] == "of-an-image"]
        self.assertIn("ami-", image["reason"]["message"])
        # There is no bin, so nothing comes back; each row says so.
        self.assertEqual({row["undo"]["class"] for row in plan["rows"]}, {"none"})
        self.assertEqual({row["risk"]["level"] for row in plan["rows"]
                          if reasons[names[row["id"]]] == "last-copy"}, {"high"})

        refused = self.reeve("apply", plan["plan"]["id"], code=3)
        self.assertEqual(misfits(refused, RUN), [])
        self.assertEqual({(row["outcome"], row["error"]["code"]) for row in refused["rows"]}, {("skipped", "consent_missing")})
        self.assertEqual(self.left(), before)
        self.assertNotIn("ec2.DeleteSnapshot", refused["calls"])

        plan = self.reeve("plan", POLICY, "--var", f"reasons={EVERY_REASON}", "--limit", "none")
        planned = {row["id"] for row in plan["rows"]}
        run = self.reeve("apply", plan["plan"]["id"], "--allow-irreversible")
        self.assertEqual((run["run"]["done"], len(run["rows"])), (len(planned), len(planned)))
        self.assertEqual(run["calls"]["ec2.DeleteSnapshot"], len(planned))
        self.assertEqual(self.named(self.left()), self.named(before - planned))
        self.assertEqual(self.reeve("plan", POLICY, "--var", f"reasons={EVERY_REASON}")["rows"], [])

    def test_as_shipped(self):
        before = self.left()
        stopped = self.reeve("plan", POLICY, "--limit", "2", code=3)
        self.assertEqual(stopped["rows"], [])
        plan = self.reeve("plan", POLICY)
        planned = {row["id"] for row in plan["rows"]}
        self.assertEqual(self.named(planned), {"of-no-volume", "gone-oldest", "gone-older"})
        self.reeve("run", POLICY, "--allow-irreversible")
        self.assertEqual(self.named(self.left()), self.named(before - planned))

    def test_a_later_now(self):
        # On loopback a plan of another day may be applied: the young ones are old by then, the newest is the last copy.
        later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=60)).strftime("%Y-%m-%dT%H:%M:%SZ")
        plan = self.reeve("plan", POLICY, "--now", later, "--allow-irreversible")
        self.assertEqual(self.named(row["id"] for row in plan["rows"]),
                         {"of-no-volume", "gone-oldest", "gone-older", "young-older"})
        before = self.left()
        self.assertEqual(self.reeve("apply", plan["plan"]["id"])["run"]["done"], 4)
        self.assertEqual(self.left(), before - {row["id"] for row in plan["rows"]})

    def test_what_changed_since_is_left_alone(self):
        plan = self.reeve("plan", POLICY, "--allow-irreversible")
        self.ec2.create_tags(Resources=[self.names["gone-oldest"]], Tags=[{"Key": "reeve:protect", "Value": "2099-01-01"}])
        self.ec2.delete_snapshot(SnapshotId=self.names["of-no-volume"])
        run = self.reeve("apply", plan["plan"]["id"])
        outcomes = {row["id"]: row["outcome"] for row in run["rows"]}
        self.assertEqual(outcomes, {self.names["gone-oldest"]: "drifted", self.names["of-no-volume"]: "drifted",
                                    self.names["gone-older"]: "done"})
        self.assertIn(self.names["gone-oldest"], self.left())

    def test_tags_and_back(self):
        policy = self.home.write("tagging.yaml", TAGGING)
        def tags():
            return {s["SnapshotId"]: {t["Key"]: t["Value"] for t in s.get("Tags", [])}
                    for s in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
        before = tags()
        plan = self.reeve("plan", policy, "--limit", "none")
        self.assertEqual({row["undo"]["class"] for row in plan["rows"]}, {"exact"})
        run = self.reeve("apply", plan["plan"]["id"])
        protected = self.names["kept-by-tag"]
        self.assertEqual(tags(), {id: had if id == protected else {**had, "owner": "nobody"} for id, had in before.items()})
        self.reeve("undo", run["run"]["id"])
        self.assertEqual(tags(), before)

    def test_archive(self):
        plan = self.reeve("plan", POLICY, "--var", "action=archive", "--var", "reasons=volume-unattached")
        planned = [row["id"] for row in plan["rows"]]
        self.assertEqual(self.named(planned), {"of-a-free-volume"})
        run = self.reeve("apply", plan["plan"]["id"], "--allow-irreversible")
        self.assertEqual(run["run"]["done"], 1)
        tiers = {s["SnapshotId"]: s.get("StorageTier", "standard") for s in self.ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]}
        self.assertEqual({id for id, tier in tiers.items() if tier == "archive"}, set(planned))

    def test_call_answers_as_boto3_does(self):
        def plain(value):
            """boto3's answer as JSON has it: times as texts, no metadata."""
            if isinstance(value, dict):
                return {k: plain(v) for k, v in value.items() if k != "ResponseMetadata"}
            if isinstance(value, list):
                return [plain(v) for v in value]
            if isinstance(value, datetime.datetime):
                return value.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
            return value
        for operation, call, params in (
                ("DescribeSnapshots", self.ec2.describe_snapshots, {"OwnerIds": ["self"]}),
                ("DescribeVolumes", self.ec2.describe_volumes, {}),
                ("DescribeInstances", self.ec2.describe_instances, {}),
                ("DescribeImages", self.ec2.describe_images, {"Owners": ["self"]}),
                ("DescribeRegions", self.ec2.describe_regions, {})):
            document = self.reeve("call", "ec2", operation, json.dumps(params))["document"]
            self.assertEqual(whole_seconds(document), whole_seconds(plain(call(**params))), operation)
        error = self.reeve("call", "ec2", "DeleteSnapshot", json.dumps({"SnapshotId": self.names["of-an-image"]}), code=2)["error"]
        self.assertEqual((error["code"], error["aws"]["code"]), ("in_use", "InvalidSnapshot.InUse"))
        error = self.reeve("call", "ec2", "DescribeLockedSnapshots", code=2)["error"]
        self.assertEqual(error["code"], "unsupported")

    def test_doctor(self):
        doctor = self.reeve("doctor")["doctor"]
        states = {read["operation"]: read["state"] for read in doctor["reads"]}
        self.assertEqual((states["ec2.DescribeSnapshots"], states["rbin.ListRules"]), ("ok", "unsupported"))
        self.assertEqual((doctor["account"], doctor["alias"], doctor["bin_rules"]), (ACCOUNT, None, []))

    def test_list_is_what_boto3_lists(self):
        ids = self.reeve("list", "ebs-snapshot", "--ids")["records"]
        self.assertEqual(set(ids), self.left())
        running = self.reeve("list", "ec2", "--where", "State.Name=running")["records"]
        self.assertEqual(len(running), 1)


def whole_seconds(value):
    """A document with its times to the second: Python and reeve write fractions differently."""
    if isinstance(value, dict):
        return {k: whole_seconds(v) for k, v in value.items()}
    if isinstance(value, list):
        return [whole_seconds(v) for v in value]
    return re.sub(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d+Z$", r"\1Z", value) if isinstance(value, str) else value


if __name__ == "__main__":
    unittest.main()
