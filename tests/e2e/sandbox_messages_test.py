"""boto3 against the sandbox's message services: SQS, SNS, SES, EventBridge and Scheduler.

Run with a Python that has boto3: python tests/e2e/sandbox_messages_test.py
"""

import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

REEVE = os.environ.get("REEVE", "build/release/reeve")
ACCOUNT = "123456789012"
REGION = "us-east-1"
AWS = os.path.join(os.path.dirname(sys.executable), "aws")


class MessagesTest(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen([REEVE, "sandbox", "--port", "0"], stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = re.search(r"listening on (\S+)", line).group(1)
        self.sqs, self.sns = self.client("sqs"), self.client("sns")

    def tearDown(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def client(self, service):
        return boto3.client(service, region_name=REGION, endpoint_url=self.url, aws_access_key_id="testing",
                            aws_secret_access_key="testing",
                            config=Config(retries={"max_attempts": 1, "mode": "standard"}, read_timeout=30))

    def page(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url + path, data, method=method)) as answer:
            return json.load(answer)

    def mail(self):
        return self.page("GET", "/_sandbox/mail")["mail"]

    def advance(self, seconds):
        """Clients learn of a moved clock by an answer's Date; within five minutes nobody minds."""
        return self.page("POST", "/_sandbox/clock", {"advance_s": seconds})

    def queue(self, name, **attributes):
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def bodies(self, url, **more):
        got = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more)
        return [message["Body"] for message in got.get("Messages", [])]

    def test_fan_out_with_filters(self):
        topic = self.sns.create_topic(Name="orders")["TopicArn"]
        queues = {}
        for name, policy in (("all", None), ("big", {"total": [{"numeric": [">=", 100]}]}),
                             ("eu", {"region": [{"prefix": "eu-"}]}), ("other", {"region": [{"anything-but": ["eu-west-1"]}]})):
            url, arn = self.queue(name)
            attributes = {"RawMessageDelivery": "true"}
            if policy:
                attributes["FilterPolicy"] = json.dumps(policy)
            self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
            queues[name] = url
        for total, region in ((99, "eu-west-1"), (100, "us-east-1")):
            self.sns.publish(TopicArn=topic, Message=f"{total}", MessageAttributes={
                "total": {"DataType": "Number", "StringValue": str(total)},
                "region": {"DataType": "String", "StringValue": region}})
        self.assertEqual({name: self.bodies(url) for name, url in queues.items()},
                         {"all": ["99", "100"], "big": ["100"], "eu": ["99"], "other": ["100"]})
        got = self.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic).build_full_result()
        self.assertEqual(len(got["Subscriptions"]), 4)

    def test_envelope_and_attributes_are_whole(self):
        topic = self.sns.create_topic(Name="t")["TopicArn"]
        url, arn = self.queue("q")
        self.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
        sent = self.sns.publish(TopicArn=topic, Message="hä?", Subject="s")
        envelope = json.loads(self.bodies(url)[0])
        self.assertEqual((envelope["MessageId"], envelope["Message"], envelope["Subject"]), (sent["MessageId"], "hä?", "s"))
        self.sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes={
            "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}, "n": {"DataType": "Number.int", "StringValue": "7"}})
        got = self.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
        self.assertEqual(got["MessageAttributes"]["b"]["BinaryValue"], b"\x00\xff")
        self.assertEqual(got["MessageAttributes"]["n"]["StringValue"], "7")

    def test_dead_letters(self):
        dead, dead_arn = self.queue("dead")
        url, _ = self.queue("work", VisibilityTimeout="0",
                            RedrivePolicy=json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"}))
        self.sqs.send_message(QueueUrl=url, MessageBody="poison")
        self.assertEqual([self.bodies(url) for _ in range(3)], [["poison"], ["poison"], []])
        self.assertEqual(self.bodies(dead, VisibilityTimeout=0), ["poison"])
        self.assertEqual(self.sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"], [url])
        self.sqs.start_message_move_task(SourceArn=dead_arn)
        self.assertEqual(self.bodies(url), ["poison"])

    def test_fifo(self):
        url, _ = self.queue("f.fifo", FifoQueue="true", ContentBasedDeduplication="true")
        for body in ("1", "2", "2", "3"):
            self.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
        self.assertEqual(self.bodies(url), ["1", "2", "3"])
        self.assertEqual(self.bodies(url), [])

    def test_a_long_poll_ends_when_a_message_comes_and_does_not_hold_up_others(self):
        url, _ = self.queue("q")
        answers = []

        def poll():
            client = self.client("sqs")
            began = time.monotonic()
            got = client.receive_message(QueueUrl=url, WaitTimeSeconds=20)
            answers.append((time.monotonic() - began, [m["Body"] for m in got.get("Messages", [])]))

        thread = threading.Thread(target=poll)
        thread.start()
        while self.page("GET", "/_sandbox/calls").get("sqs.ReceiveMessage", 0) == 0:
            time.sleep(0.02)
        time.sleep(0.2)
        self.assertEqual(answers, [])
        self.sqs.send_message(QueueUrl=url, MessageBody="here")  # answered while the other waits
        thread.join(15)
        self.assertEqual(answers[0][1], ["here"])
        self.assertLess(answers[0][0], 19)
        self.assertEqual(self.page("GET", "/_sandbox/calls")["sqs.ReceiveMessage"], 1)
        self.assertEqual(self.bodies(url, WaitTimeSeconds=1), [])

    def test_the_query_protocol_of_older_clients(self):
        def call(target="/", **params):
            body = urllib.parse.urlencode({"Version": "2012-11-05", **params})
            request = AWSRequest("POST", self.url + target, data=body,
                                 headers={"Content-Type": "application/x-www-form-urlencoded"})
            SigV4Auth(Credentials("testing", "testing"), "sqs", REGION).add_auth(request)
            sent = urllib.request.Request(self.url + target, body.encode(), dict(request.headers))
            try:
                with urllib.request.urlopen(sent) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()

        status, text = call(Action="CreateQueue", QueueName="old", **{
            "Attribute.1.Name": "VisibilityTimeout", "Attribute.1.Value": "7", "Tag.1.Key": "team", "Tag.1.Value": "a"})
        self.assertEqual(status, 200, text)
        url = re.search("<QueueUrl>(.*)</QueueUrl>", text).group(1)
        path = "/" + url.split("/", 3)[3]
        _, text = call(path, Action="GetQueueAttributes", **{"AttributeName.1": "VisibilityTimeout"})
        self.assertIn("<Attribute><Name>VisibilityTimeout</Name><Value>7</Value></Attribute>", text)
        _, text = call(path, Action="SendMessageBatch", **{
            "SendMessageBatchRequestEntry.1.Id": "a", "SendMessageBatchRequestEntry.1.MessageBody": "<key>",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Name": "n",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.DataType": "String",
            "SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.StringValue": "v"})
        self.assertIn("<SendMessageBatchResultEntry><Id>a</Id>", text)
        _, text = call(path, Action="ReceiveMessage", **{"MessageAttributeName.1": "All", "AttributeName.1": "All"})
        self.assertIn("<Message><MessageId>", text)
        self.assertIn("<Body>&lt;key&gt;</Body>", text)
        self.assertRegex(text, "<MessageAttribute><Name>n</Name><Value>.*<StringValue>v</StringValue>.*</Value></MessageAttribute>")
        self.assertIn("<Attribute><Name>ApproximateReceiveCount</Name><Value>1</Value></Attribute>", text)
        _, text = call(Action="ListQueues")
        self.assertIn(f"<QueueUrl>{url}</QueueUrl>", text)
        _, text = call(Action="ListQueueTags", QueueUrl=url)
        self.assertIn("<Tag><Key>team</Key><Value>a</Value></Tag>", text)
        status, text = call(Action="GetQueueUrl", QueueName="none")
        self.assertEqual(status, 400)
        self.assertIn("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>", text)

    def test_errors_bear_both_codes(self):
        with self.assertRaises(self.sqs.exceptions.QueueDoesNotExist) as refused:
            self.sqs.get_queue_url(QueueName="none")
        self.assertEqual(refused.exception.response["Error"]["Code"], "AWS.SimpleQueueService.NonExistentQueue")
        self.assertEqual(refused.exception.response["Error"]["QueryErrorCode"], "QueueDoesNotExist")

    def test_mail_is_read_back(self):
        ses = self.client("sesv2")
        ses.create_email_identity(EmailIdentity="example.com")
        message = dict(FromEmailAddress="Reeve <reeve@example.com>", Destination={"ToAddresses": ["ops@example.com"]},
                       Content={"Simple": {"Subject": {"Data": "Grüße"}, "Body": {"Html": {"Data": "<b>hi</b>"}}}})
        with self.assertRaises(ses.exceptions.MessageRejected):
            ses.send_email(**message)
        self.assertEqual(self.page("POST", "/_sandbox/mail/verify", {"identity": "example.com"}), {"verified": 1})
        self.assertTrue(ses.get_email_identity(EmailIdentity="example.com")["VerifiedForSendingStatus"])
        sent = ses.send_email(**message)["MessageId"]
        got = self.mail()
        self.assertEqual([(m["message_id"], m["subject"], m["html"], m["to"]) for m in got],
                         [(sent, "Grüße", "<b>hi</b>", ["ops@example.com"])])
        raw = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: raw\r\n\r\nplain"
        self.client("ses").send_raw_email(RawMessage={"Data": raw})
        self.assertEqual([(m["subject"], m["text"], m["raw"]) for m in self.mail()[1:]], [("raw", "plain", raw.decode())])
        self.assertEqual(self.client("ses").get_send_quota()["SentLast24Hours"], 2)
        self.assertEqual(self.page("DELETE", "/_sandbox/mail"), {"removed": 2})
        self.assertEqual(self.mail(), [])

    def test_a_topic_mails_who_confirmed(self):
        topic = self.sns.create_topic(Name="t")["TopicArn"]
        asked = self.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
        self.assertEqual(asked["SubscriptionArn"], "pending confirmation")
        token = re.search("Token=([0-9a-f]+)", self.mail()[0]["text"]).group(1)
        self.sns.confirm_subscription(TopicArn=topic, Token=token)
        self.sns.publish(TopicArn=topic, Message="disk is full", Subject="alarm")
        self.assertEqual([(m["subject"], m["text"]) for m in self.mail()[1:]], [("alarm", "disk is full")])

    def test_schedules_and_rules_fire_when_the_clock_moves(self):
        url, arn = self.queue("q", VisibilityTimeout="3600")
        role = f"arn:aws:iam::{ACCOUNT}:role/scheduler"
        self.client("scheduler").create_schedule(
            Name="soon", ScheduleExpression="rate(2 minutes)", FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": arn, "RoleArn": role, "Input": "scheduled"})
        events = self.client("events")
        events.put_rule(Name="tick", ScheduleExpression="rate(1 minute)")
        events.put_targets(Rule="tick", Targets=[{"Id": "1", "Arn": arn, "Input": "\"tick\""}])
        self.assertEqual(self.bodies(url), ["scheduled"])
        self.advance(125)
        self.assertEqual(sorted(self.bodies(url)), ['"tick"', '"tick"', "scheduled"])

    def test_events_reach_a_topic_and_its_mail(self):
        topic = self.sns.create_topic(Name="t")["TopicArn"]
        self.sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ops@example.com")
        token = re.search("Token=([0-9a-f]+)", self.mail()[0]["text"]).group(1)
        self.sns.confirm_subscription(TopicArn=topic, Token=token)
        events = self.client("events")
        events.put_rule(Name="r", EventPattern=json.dumps({"source": ["app"], "detail": {"n": [{"numeric": [">", 1]}]}}))
        events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": topic, "InputPath": "$.detail"}])
        for n in (1, 2):
            events.put_events(Entries=[{"Source": "app", "DetailType": "x", "Detail": json.dumps({"n": n})}])
        self.assertEqual([json.loads(m["text"]) for m in self.mail()[1:]], [{"n": 2}])
        with self.assertRaises(ClientError) as refused:
            events.put_rule(Name="bad", EventPattern='{"a": "b"}')
        self.assertEqual(refused.exception.response["Error"]["Code"], "InvalidEventPatternException")

    def test_awscli(self):
        def aws(*args):
            env = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
            env.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing", AWS_DEFAULT_REGION=REGION,
                       AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
            ended = subprocess.run([sys.executable, AWS, *args, "--endpoint-url", self.url, "--output", "text"], env=env, capture_output=True, text=True,
                                   timeout=120, check=False)
            self.assertEqual(ended.returncode, 0, ended.stderr)
            return ended.stdout.strip()

        url = aws("sqs", "create-queue", "--queue-name", "cli", "--query", "QueueUrl")
        aws("sqs", "send-message", "--queue-url", url, "--message-body", "from the shell")
        self.assertEqual(aws("sqs", "receive-message", "--queue-url", url, "--query", "Messages[0].Body"), "from the shell")


if __name__ == "__main__":
    unittest.main()
