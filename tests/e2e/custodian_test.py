"""Cloud Custodian, unmodified, against `reeve sandbox`: policies over several services, each of which selects what it should.

    bench/custodian && REEVE=build/debug/reeve build/deps/venv/bin/python tests/e2e/custodian_test.py

It is told of the sandbox by AWS_ENDPOINT_URL alone.
"""

import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from harness import ACCOUNT, REGION, ROOT, Home, environment, sandbox  # noqa: E402

CUSTODIAN = os.path.join(ROOT, "build/bench/custodian/bin/custodian")

ESTATE = {
    "format": 1,
    "snapshots": [{"SnapshotId": "snap-0123456789abcdef0", "StartTime": "-90d", "Tags": {"Name": "old"}},
                  {"SnapshotId": "snap-0123456789abcdef1", "StartTime": "-1d"}],
    "users": [{"UserName": "old", "CreateDate": "-400d", "AccessKeys": [
                  {"AccessKeyId": "AKIAEXAMPLEEXAMPLE22", "SecretAccessKey": "s" * 40, "CreateDate": "-400d"}]},
              {"UserName": "new", "CreateDate": "-2d", "Tags": {"team": "x"}}],
    "roles": [{"RoleName": "unused", "CreateDate": "-400d"},
              {"RoleName": "used", "CreateDate": "-400d", "RoleLastUsed": {"LastUsedDate": "-1d", "Region": REGION},
               "AttachedPolicies": ["arn:aws:iam::aws:policy/AdministratorAccess"]}],
    "groups": [{"GroupName": "empty"}],
    "policies": [{"PolicyName": "lonely", "Versions": [{"Document": {"Version": "2012-10-17", "Statement": []}}]}],
    "functions": [{"FunctionName": "old-runtime", "Runtime": "python3.8", "Tags": {"team": "x"}},
                  {"FunctionName": "new-runtime", "Runtime": "python3.12"}],
}

# name, kind, filters; what it selects; where the record says who it is. Not sqs: for that service alone Custodian names
# AWS's endpoint itself, whatever AWS_ENDPOINT_URL says.
POLICIES = [
    ("snapshots", "ebs-snapshot", [{"type": "age", "days": 30, "op": "ge"}], {"snap-0123456789abcdef0"}, "SnapshotId"),
    ("users-by-tag", "iam-user", [{"tag:team": "x"}], {"new"}, "UserName"),
    ("users-by-key-age", "iam-user", [{"type": "credential", "key": "access_keys.last_rotated", "value_type": "age",
                                       "value": 90, "op": "gte"}], {"old"}, "UserName"),
    ("users-by-key", "iam-user", [{"type": "access-key", "key": "Status", "value": "Active"}], {"old"}, "UserName"),
    ("users-without-mfa", "iam-user", [{"type": "mfa-device", "key": "MFADevices", "value": "empty"}], {"old", "new"}, "UserName"),
    ("roles-by-use", "iam-role", [{"type": "value", "key": "RoleLastUsed.LastUsedDate", "value": "absent"}], {"unused"}, "RoleName"),
    ("roles-by-policy", "iam-role", [{"type": "has-specific-managed-policy", "value": "AdministratorAccess"}], {"used"}, "RoleName"),
    ("groups", "iam-group", [{"type": "has-users", "value": False}], {"empty"}, "GroupName"),
    ("policies", "iam-policy", ["unused", {"type": "value", "key": "PolicyName", "value": "lonely"}], {"lonely"}, "PolicyName"),
    ("functions", "lambda", [{"Runtime": "python3.8"}], {"old-runtime"}, "FunctionName"),
    ("functions-by-tag", "lambda", [{"tag:team": "absent"}], {"new-runtime"}, "FunctionName"),
    ("topics", "sns", [{"tag:team": "x"}], {f"arn:aws:sns:{REGION}:{ACCOUNT}:tagged"}, "TopicArn"),
    ("buckets", "s3", [{"tag:team": "x"}], {"tagged-bucket"}, "Name"),
    ("log-groups", "log-group", [{"retentionInDays": "absent"}], {"/plain"}, "logGroupName"),
    ("alarms", "alarm", [{"StateValue": "INSUFFICIENT_DATA"}], {"quiet"}, "AlarmName"),
    ("groups-of-instances", "asg", [{"type": "value", "key": "MinSize", "value": 0}], {"empty"}, "AutoScalingGroupName"),
]


def make_others(server):
    """What boto3 makes in the services whose tables have their own files."""
    import boto3

    def client(service):
        return boto3.client(service, region_name=REGION, endpoint_url=server.url, aws_access_key_id="testing",
                            aws_secret_access_key="testing")
    sns, s3, logs = client("sns"), client("s3"), client("logs")
    sns.create_topic(Name="plain")
    sns.create_topic(Name="tagged", Tags=[{"Key": "team", "Value": "x"}])
    for bucket in ("plain-bucket", "tagged-bucket"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_tagging(Bucket="tagged-bucket", Tagging={"TagSet": [{"Key": "team", "Value": "x"}]})
    logs.create_log_group(logGroupName="/plain")
    logs.create_log_group(logGroupName="/kept")
    logs.put_retention_policy(logGroupName="/kept", retentionInDays=7)
    client("cloudwatch").put_metric_alarm(AlarmName="quiet", Namespace="N", MetricName="M", Statistic="Sum", Period=60,
                                          EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold")
    template = client("ec2").create_launch_template(LaunchTemplateName="t", LaunchTemplateData={"ImageId": "ami-0123456789abcdef0"})
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName="empty", MinSize=0, MaxSize=0, AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"]})


class Custodian(unittest.TestCase):
    def setUp(self):
        self.home = Home()
        self.addCleanup(self.home.close)
        self.server = sandbox(self.home, "--estate", self.home.write("estate.json", ESTATE))
        self.addCleanup(self.server.stop)
        make_others(self.server)

    def custodian(self, policies):
        path = self.home.write("policies.json", {"policies": policies})
        out = os.path.join(self.home.path, "out")
        env = environment(self.home.path, AWS_ENDPOINT_URL=self.server.url, AWS_DEFAULT_REGION=REGION)
        ended = subprocess.run([CUSTODIAN, "run", "-s", out, "--cache-period", "0", "-r", REGION, path], cwd=self.home.path,
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, env=env, timeout=200)
        return ended, out

    def test_policies_select_what_they_should(self):
        ended, out = self.custodian([{"name": name, "resource": kind, "filters": filters} for name, kind, filters, _, _ in POLICIES])
        for name, _, _, expected, id in POLICIES:
            with self.subTest(name):
                path = os.path.join(out, name, "resources.json")
                self.assertTrue(os.path.exists(path), ended.stderr[-3000:])
                with open(path, encoding="utf-8") as file:
                    self.assertEqual({record[id] for record in json.load(file)}, expected, ended.stderr[-3000:])
        self.assertEqual(ended.returncode, 0, ended.stderr[-3000:])

    def test_actions_leave_what_they_say(self):
        ended, _ = self.custodian([
            {"name": "tag-users", "resource": "iam-user", "filters": [{"UserName": "old"}],
             "actions": [{"type": "tag", "key": "seen", "value": "yes"}, {"type": "remove-keys", "disable": True, "age": 90}]},
            {"name": "tag-functions", "resource": "lambda", "filters": [{"FunctionName": "old-runtime"}],
             "actions": [{"type": "tag", "key": "seen", "value": "yes"}]}])
        self.assertEqual(ended.returncode, 0, ended.stderr[-3000:])
        account = self.server.get("/_sandbox/state")["accounts"][ACCOUNT]
        [user] = [u for u in account["users"] if u["UserName"] == "old"]
        self.assertEqual((user["Tags"], user["AccessKeys"][0]["Status"]), ({"seen": "yes"}, "Inactive"))
        [function] = [f for f in account["regions"][REGION]["functions"] if f["FunctionName"] == "old-runtime"]
        self.assertEqual(function["Tags"], {"seen": "yes", "team": "x"})


if __name__ == "__main__":
    unittest.main()
