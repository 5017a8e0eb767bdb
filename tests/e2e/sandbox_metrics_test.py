"""boto3 against `reeve sandbox`: CloudWatch over its three protocols, alarms that scale a group by the sandbox's clock,
Logs, and Auto Scaling. Run with a Python that has boto3: python tests/e2e/sandbox_metrics_test.py
"""

import datetime
import json
import os
import subprocess
import unittest
import urllib.request

import boto3
import botocore.auth
from botocore.config import Config
from botocore.exceptions import ClientError

import harness


AHEAD = datetime.timedelta()
REAL = botocore.auth.get_current_datetime


def sandbox_time(remove_tzinfo=True):
    """What the sandbox's clock says: it refuses signatures that are minutes off."""
    return REAL(remove_tzinfo) + AHEAD


class MetricsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        botocore.auth.get_current_datetime = sandbox_time
        cls.home = harness.Home()
        estate = cls.home.write("estate.json", {"format": 1, "images": [{"ImageId": "ami-a"}], "instances": [
            {"InstanceId": "i-idle"}], "metrics": [
                {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": {"InstanceId": "i-idle"},
                 "Rule": {"Value": 3, "From": "-14d"}},
                {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization", "Dimensions": {"AutoScalingGroupName": "web"},
                 "Rule": {"Kind": "steps", "Interval": 60, "Steps": [{"From": "-1d", "Value": 40},
                                                                      {"From": "+10m", "Value": 90}]}}]})
        cls.server = harness.sandbox(cls.home, "--estate", estate)

    @classmethod
    def tearDownClass(cls):
        botocore.auth.get_current_datetime = REAL
        cls.server.stop()
        cls.home.close()

    def client(self, service, account="testing"):
        secret = "testing" if account == "testing" else "sandbox"
        return boto3.client(service, region_name="us-east-1", endpoint_url=self.server.url, aws_access_key_id=account,
                            aws_secret_access_key=secret, config=Config(retries={"max_attempts": 1}))

    def cloudwatch(self, protocol, account):
        """A client that speaks the protocol, whichever this boto3 would take."""
        session = boto3.Session(region_name="us-east-1", aws_access_key_id=account, aws_secret_access_key="sandbox")
        loader = session._session.get_component("data_loader")
        model = json.loads(json.dumps(loader.load_service_model("cloudwatch", "service-2")))
        model["metadata"].update(protocol=protocol, protocols=[protocol])
        original = loader.load_service_model
        loader.load_service_model = lambda name, kind, api_version=None: (
            model if (name, kind) == ("cloudwatch", "service-2") else original(name, kind, api_version))
        client = session.client("cloudwatch", endpoint_url=self.server.url, config=Config(retries={"max_attempts": 1}))
        self.assertEqual(client.meta.service_model.resolved_protocol, protocol)
        return client

    def advance(self, seconds):
        request = urllib.request.Request(self.server.url + "/_sandbox/clock", method="POST",
                                         data=json.dumps({"advance_s": seconds}).encode())
        global AHEAD
        AHEAD += datetime.timedelta(seconds=seconds)
        with urllib.request.urlopen(request) as answer:
            return datetime.datetime.fromisoformat(json.load(answer)["now"].replace("Z", "+00:00"))

    def code(self, call, **params):
        with self.assertRaises(ClientError) as refused:
            call(**params)
        return refused.exception.response["Error"]["Code"]

    def test_every_protocol_of_cloudwatch_tells_the_same(self):
        for number, protocol in enumerate(("smithy-rpc-v2-cbor", "json", "query")):
            with self.subTest(protocol):
                client = self.cloudwatch(protocol, f"11112222333{number}")
                now = self.advance(0)
                minute = now.replace(second=0, microsecond=0) - datetime.timedelta(minutes=10)
                client.put_metric_data(Namespace="App", MetricData=[
                    {"MetricName": "Latency", "Dimensions": [{"Name": "Host", "Value": "a"}], "Unit": "Milliseconds",
                     "Timestamp": minute, "Values": [1.5, 2.5], "Counts": [3, 1]},
                    {"MetricName": "Latency", "Dimensions": [{"Name": "Host", "Value": "a"}], "Unit": "Milliseconds",
                     "Timestamp": minute + datetime.timedelta(minutes=1),
                     "StatisticValues": {"SampleCount": 4, "Sum": 20, "Minimum": 2, "Maximum": 8}}])
                listed = client.list_metrics(Namespace="App")["Metrics"]
                self.assertEqual(listed, [{"Namespace": "App", "MetricName": "Latency",
                                           "Dimensions": [{"Name": "Host", "Value": "a"}]}])
                told = client.get_metric_statistics(
                    Namespace="App", MetricName="Latency", Dimensions=[{"Name": "Host", "Value": "a"}], Period=60,
                    StartTime=minute, EndTime=now, Statistics=["Average", "SampleCount", "Maximum"])["Datapoints"]
                self.assertEqual([(p["Timestamp"], p["Average"], p["SampleCount"], p["Maximum"], p["Unit"])
                                  for p in told],
                                 [(minute, 1.75, 4.0, 2.5, "Milliseconds"),
                                  (minute + datetime.timedelta(minutes=1), 5.0, 4.0, 8.0, "Milliseconds")])
                results = client.get_metric_data(ScanBy="TimestampAscending", StartTime=minute, EndTime=now,
                                                 MetricDataQueries=[
                    {"Id": "m1", "ReturnData": False, "MetricStat": {"Period": 60, "Stat": "Average", "Metric": {
                        "Namespace": "App", "MetricName": "Latency",
                        "Dimensions": [{"Name": "Host", "Value": "a"}]}}},
                    {"Id": "e1", "Expression": "m1*2", "Label": "twice ${MAX}"}])["MetricDataResults"]
                self.assertEqual([(r["Id"], r["Label"], r["Values"], r["StatusCode"]) for r in results],
                                 [("e1", "twice 10", [3.5, 10.0], "Complete")])
                self.assertEqual(self.code(client.put_metric_data, Namespace="AWS/EC2",
                                           MetricData=[{"MetricName": "x", "Value": 1}]), "InvalidParameterValue")
                self.assertEqual(self.code(client.get_metric_data, StartTime=minute, EndTime=now, MetricDataQueries=[
                    {"Id": "e1", "Expression": "AVG(m9)"}]), "ValidationError")
                client.put_metric_alarm(AlarmName="a", Namespace="App", MetricName="Latency", Statistic="Sum",
                                        Period=60, EvaluationPeriods=1, Threshold=1.5,
                                        ComparisonOperator="GreaterThanThreshold", Tags=[{"Key": "k", "Value": "v"}])
                alarm = client.describe_alarms()["MetricAlarms"][0]
                self.assertEqual((alarm["StateValue"], alarm["Threshold"]), ("INSUFFICIENT_DATA", 1.5))
                self.assertEqual(client.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"],
                                 [{"Key": "k", "Value": "v"}])
                self.assertEqual(self.code(client.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="x"),
                                 "ResourceNotFound")

    def test_pages_of_data(self):
        client = self.client("cloudwatch")
        now = self.advance(0).replace(minute=0, second=0, microsecond=0)
        query = [{"Id": "m1", "MetricStat": {"Period": 3600, "Stat": "Average", "Metric": {
            "Namespace": "AWS/EC2", "MetricName": "CPUUtilization",
            "Dimensions": [{"Name": "InstanceId", "Value": "i-idle"}]}}}]
        pages = client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=query, StartTime=now - datetime.timedelta(days=14), EndTime=now,
            PaginationConfig={"PageSize": 100})
        values = [v for page in pages for result in page["MetricDataResults"] for v in result["Values"]]
        self.assertEqual((len(values), set(values)), (336, {3.0}))
        many = client.get_metric_statistics
        self.assertEqual(self.code(many, Namespace="AWS/EC2", MetricName="CPUUtilization", Statistics=["Average"],
                                   StartTime=now - datetime.timedelta(days=14), EndTime=now, Period=300),
                         "InvalidParameterCombination")

    def test_an_alarm_scales_a_group(self):
        scaling, cloudwatch, ec2 = (self.client(s) for s in ("autoscaling", "cloudwatch", "ec2"))
        scaling.create_launch_configuration(LaunchConfigurationName="lc", ImageId="ami-a", InstanceType="t3.nano")
        scaling.create_auto_scaling_group(AutoScalingGroupName="web", LaunchConfigurationName="lc", MinSize=1,
                                          MaxSize=5, AvailabilityZones=["us-east-1a", "us-east-1b"])
        policy = scaling.put_scaling_policy(
            AutoScalingGroupName="web", PolicyName="more", PolicyType="StepScaling",
            AdjustmentType="ChangeInCapacity", EstimatedInstanceWarmup=36000,
            StepAdjustments=[{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 15, "ScalingAdjustment": 1},
                             {"MetricIntervalLowerBound": 15, "ScalingAdjustment": 2}])["PolicyARN"]
        cloudwatch.put_metric_alarm(
            AlarmName="busy", Namespace="AWS/EC2", MetricName="CPUUtilization", Statistic="Average", Period=60,
            EvaluationPeriods=2, Threshold=70, ComparisonOperator="GreaterThanThreshold", AlarmActions=[policy],
            Dimensions=[{"Name": "AutoScalingGroupName", "Value": "web"}])
        self.advance(300)
        self.assertEqual(cloudwatch.describe_alarms(AlarmNames=["busy"])["MetricAlarms"][0]["StateValue"], "OK")
        self.advance(900)
        self.assertEqual(cloudwatch.describe_alarms(AlarmNames=["busy"])["MetricAlarms"][0]["StateValue"], "ALARM")
        group = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
        self.assertEqual((group["DesiredCapacity"], len(group["Instances"])), (3, 3))
        activities = scaling.describe_scaling_activities(AutoScalingGroupName="web")["Activities"]
        self.assertEqual([a["StatusCode"] for a in activities], ["Successful"] * 3)
        self.assertIn("a monitor alarm busy in state ALARM triggered policy more changing the desired capacity from 1 "
                      "to 3.", activities[0]["Cause"])
        tagged = ec2.describe_instances(Filters=[{"Name": "tag:aws:autoscaling:groupName", "Values": ["web"]}])
        self.assertEqual(sum(len(r["Instances"]) for r in tagged["Reservations"]), 3)
        one = group["Instances"][0]["InstanceId"]
        scaling.terminate_instance_in_auto_scaling_group(InstanceId=one, ShouldDecrementDesiredCapacity=True)
        self.assertEqual(scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["DesiredCapacity"], 2)
        self.assertEqual(self.code(scaling.delete_auto_scaling_group, AutoScalingGroupName="web"), "ResourceInUse")
        scaling.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)
        self.assertEqual(scaling.describe_auto_scaling_groups()["AutoScalingGroups"], [])

    def test_logs(self):
        logs, cloudwatch = self.client("logs"), self.client("cloudwatch")
        logs.create_log_group(logGroupName="/app/web", tags={"team": "x"})
        logs.create_log_stream(logGroupName="/app/web", logStreamName="one")
        logs.put_metric_filter(logGroupName="/app/web", filterName="errors", filterPattern="{ $.level = \"ERROR\" }",
                               metricTransformations=[{"metricName": "Errors", "metricNamespace": "App",
                                                       "metricValue": "1", "defaultValue": 0}])
        now = int(self.advance(0).timestamp() * 1000)
        told = logs.put_log_events(logGroupName="/app/web", logStreamName="one", logEvents=[
            {"timestamp": now - 2000, "message": json.dumps({"level": "INFO"})},
            {"timestamp": now - 1000, "message": json.dumps({"level": "ERROR", "ms": 12})},
            {"timestamp": now + 3 * 3600 * 1000, "message": "too new"}])
        self.assertEqual(told["rejectedLogEventsInfo"], {"tooNewLogEventStartIndex": 2})
        found = logs.filter_log_events(logGroupName="/app/web", filterPattern="{ $.ms > 10 }")["events"]
        self.assertEqual([json.loads(e["message"])["level"] for e in found], ["ERROR"])
        got = logs.get_log_events(logGroupName="/app/web", logStreamName="one", startFromHead=True, limit=1)
        again = logs.get_log_events(logGroupName="/app/web", logStreamName="one", nextToken=got["nextForwardToken"])
        self.assertEqual([len(got["events"]), len(again["events"])], [1, 1])
        self.assertEqual(self.code(logs.filter_log_events, logGroupName="/app/web", filterPattern="{ x }"),
                         "InvalidParameterException")
        self.assertEqual(self.code(logs.put_retention_policy, logGroupName="/app/web", retentionInDays=2),
                         "InvalidParameterException")
        self.assertEqual(self.code(logs.describe_log_streams, logGroupName="none"), "ResourceNotFoundException")
        logs.put_retention_policy(logGroupName="/app/web", retentionInDays=14)
        group = logs.describe_log_groups(logGroupNamePrefix="/app")["logGroups"][0]
        self.assertEqual((group["retentionInDays"], group["metricFilterCount"]), (14, 1))
        self.assertEqual(logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"], {"team": "x"})
        counted = cloudwatch.list_metrics(Namespace="App", MetricName="Errors")["Metrics"]
        self.assertEqual(len(counted), 1)

    def test_a_command_line_speaks_to_it(self):
        aws = os.path.join(os.path.dirname(os.sys.executable), "aws")
        if not os.path.exists(aws):
            self.skipTest("awscli is not installed")
        done = subprocess.run([aws, "--endpoint-url", self.server.url, "--region", "us-east-1", "cloudwatch",
                               "list-metrics", "--namespace", "AWS/EC2", "--output", "json"], capture_output=True,
                              text=True, env=harness.environment(self.home.path), timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({m["MetricName"] for m in json.loads(done.stdout)["Metrics"]}, {"CPUUtilization"})


if __name__ == "__main__":
    unittest.main()
