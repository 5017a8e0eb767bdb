"""boto3, unmodified, against the sandbox's IAM, STS, Lambda and tagging API.

    REEVE=build/debug/reeve build/deps/venv/bin/python tests/e2e/sandbox_iam_test.py
"""

import csv
import io
import json
import os
import sys
import unittest
import zipfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.exceptions import ClientError  # noqa: E402

from harness import ACCOUNT, REGION, Home, sandbox  # noqa: E402

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def trust(**principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


def zipped():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return {}")
    return out.getvalue()


class Accounts(unittest.TestCase):
    def setUp(self):
        self.home = Home()
        self.addCleanup(self.home.close)
        self.server = sandbox(self.home)
        self.addCleanup(self.server.stop)

    def client(self, service, key="testing", secret="testing", token=None):
        return boto3.client(service, region_name=REGION, endpoint_url=self.server.url, aws_access_key_id=key,
                            aws_secret_access_key=secret, aws_session_token=token,
                            config=Config(retries={"max_attempts": 1, "mode": "standard"}))

    def code(self, call, **params):
        with self.assertRaises(ClientError) as refused:
            call(**params)
        return refused.exception.response["Error"]["Code"]


class Iam(Accounts):
    def test_a_created_key_signs_as_its_user(self):
        iam = self.client("iam")
        iam.create_user(UserName="ada", Path="/dev/")
        key = iam.create_access_key(UserName="ada")["AccessKey"]
        own = self.client("sts", key["AccessKeyId"], key["SecretAccessKey"])
        self.assertEqual(own.get_caller_identity()["Arn"], f"arn:aws:iam::{ACCOUNT}:user/dev/ada")
        self.client("ec2", key["AccessKeyId"], key["SecretAccessKey"]).describe_volumes()
        used = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
        self.assertEqual((used["UserName"], used["AccessKeyLastUsed"]["ServiceName"], used["AccessKeyLastUsed"]["Region"]),
                         ("ada", "ec2", REGION))
        self.assertEqual(self.client("iam", key["AccessKeyId"], key["SecretAccessKey"]).get_user()["User"]["UserName"], "ada")
        iam.update_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"], Status="Inactive")
        self.assertEqual(self.code(own.get_caller_identity), "InvalidClientTokenId")
        iam.update_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"], Status="Active")
        own.get_caller_identity()
        iam.delete_access_key(UserName="ada", AccessKeyId=key["AccessKeyId"])
        self.assertEqual(self.code(own.get_caller_identity), "InvalidClientTokenId")
        iam.delete_user(UserName="ada")

    def test_policies_come_back_as_they_went(self):
        iam = self.client("iam")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(ALLOW))
        self.assertEqual(iam.get_role_policy(RoleName="r", PolicyName="p")["PolicyDocument"], ALLOW)
        self.assertEqual(iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"],
                         {"Service": "ec2.amazonaws.com"})
        [role] = [r for page in iam.get_paginator("get_account_authorization_details").paginate() for r in page["RoleDetailList"]]
        self.assertEqual(role["RolePolicyList"], [{"PolicyName": "p", "PolicyDocument": ALLOW}])
        arn = iam.create_policy(PolicyName="mine", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
        self.assertEqual(iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"], ALLOW)
        self.assertEqual(self.code(iam.put_role_policy, RoleName="r", PolicyName="q", PolicyDocument="{"), "MalformedPolicyDocument")
        self.assertEqual(self.code(iam.delete_role, RoleName="r"), "DeleteConflict")

    def test_pages_and_waiters(self):
        iam = self.client("iam")
        for i in range(5):
            iam.create_user(UserName=f"user{i}")
        iam.get_waiter("user_exists").wait(UserName="user3")
        pages = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2}))
        self.assertEqual([len(page["Users"]) for page in pages], [2, 2, 1])
        policies = [p["PolicyName"] for page in iam.get_paginator("list_policies").paginate(
            Scope="AWS", PaginationConfig={"PageSize": 10}) for p in page["Policies"]]
        self.assertEqual(len(policies), len(set(policies)))
        self.assertIn("AdministratorAccess", policies)

    def test_credential_report(self):
        iam = self.client("iam")
        iam.create_user(UserName="ada")
        iam.create_login_profile(UserName="ada", Password="correct horse")
        while iam.generate_credential_report()["State"] != "COMPLETE":
            pass
        rows = {row["user"]: row for row in csv.DictReader(io.StringIO(iam.get_credential_report()["Content"].decode()))}
        self.assertEqual(set(rows), {"<root_account>", "ada"})
        self.assertEqual((rows["ada"]["password_enabled"], rows["ada"]["access_key_1_active"]), ("true", "false"))

    def test_roles_are_assumed(self):
        iam, sts = self.client("iam"), self.client("sts")
        iam.create_role(RoleName="open", AssumeRolePolicyDocument=trust(AWS=ACCOUNT))
        iam.create_role(RoleName="shut", AssumeRolePolicyDocument=trust(Service="ec2.amazonaws.com"))
        session = sts.assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/open", RoleSessionName="me")["Credentials"]
        self.assertEqual(self.code(sts.assume_role, RoleArn=f"arn:aws:iam::{ACCOUNT}:role/shut", RoleSessionName="me"), "AccessDenied")
        self.assertNotIn("LastUsedDate", iam.get_role(RoleName="open")["Role"]["RoleLastUsed"])
        self.client("ec2", session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]).describe_volumes()
        self.assertEqual(iam.get_role(RoleName="open")["Role"]["RoleLastUsed"]["Region"], REGION)


class Lambda(Accounts):
    def test_a_functions_life(self):
        functions = self.client("lambda")
        made = functions.create_function(FunctionName="f", Runtime="python3.12", Handler="index.handler", Publish=True,
                                         Role=f"arn:aws:iam::{ACCOUNT}:role/r", Code={"ZipFile": zipped()}, Tags={"team": "x"})
        self.assertEqual(made["Version"], "1")
        functions.get_waiter("function_active_v2").wait(FunctionName="f")
        functions.get_waiter("function_updated_v2").wait(FunctionName="f")
        functions.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
        answer = functions.invoke(FunctionName="f:live", Payload=b'{"a": 1}')
        self.assertEqual((answer["StatusCode"], answer["ExecutedVersion"], answer["Payload"].read()), (200, "1", b"{}"))
        self.assertEqual(functions.invoke(FunctionName="f", InvocationType="Event", Payload=b"[]")["StatusCode"], 202)
        seen = self.server.get("/_sandbox/invocations")["invocations"]
        self.assertEqual([(i["function"], i["qualifier"], i["type"], i["payload"]) for i in seen],
                         [("f", "live", "RequestResponse", '{"a": 1}'), ("f", "", "Event", "[]")])
        functions.add_permission(FunctionName="f", StatementId="s", Action="lambda:InvokeFunction", Principal="events.amazonaws.com")
        self.assertEqual(json.loads(functions.get_policy(FunctionName="f")["Policy"])["Statement"][0]["Sid"], "s")
        functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
        self.assertEqual(functions.get_function_event_invoke_config(FunctionName="f")["MaximumRetryAttempts"], 0)
        functions.create_function_url_config(FunctionName="f", AuthType="NONE")
        mapping = functions.create_event_source_mapping(FunctionName="f", EventSourceArn=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")
        functions.delete_event_source_mapping(UUID=mapping["UUID"])
        self.assertEqual([f["FunctionName"] for f in functions.list_functions()["Functions"]], ["f"])
        functions.publish_layer_version(LayerName="l", Content={"ZipFile": zipped()})
        self.assertEqual(functions.list_layers()["Layers"][0]["LatestMatchingVersion"]["Version"], 1)
        functions.delete_function(FunctionName="f")
        self.assertEqual(self.code(functions.get_function, FunctionName="f"), "ResourceNotFoundException")

    def test_what_the_estate_answers(self):
        estate = self.home.write("estate.yaml", {"format": 1, "functions": [
            {"FunctionName": "g", "Answer": {"ok": [1]}}, {"FunctionName": "h", "Answer": "no", "AnswerError": "Unhandled"}]})
        server = sandbox(self.home, "--estate", estate)
        self.addCleanup(server.stop)
        self.server = server
        functions = self.client("lambda")
        self.assertEqual(json.load(functions.invoke(FunctionName="g")["Payload"]), {"ok": [1]})
        self.assertEqual(functions.invoke(FunctionName="h")["FunctionError"], "Unhandled")


class Tagging(Accounts):
    def test_tags_of_several_services(self):
        tagging, ec2, functions = self.client("resourcegroupstaggingapi"), self.client("ec2"), self.client("lambda")
        volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
        function = functions.create_function(FunctionName="f", Runtime="python3.12", Handler="i.h", Code={"ZipFile": zipped()},
                                             Role=f"arn:aws:iam::{ACCOUNT}:role/r", Tags={"team": "x"})["FunctionArn"]
        arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:volume/{volume}"
        self.assertEqual(tagging.tag_resources(ResourceARNList=[arn], Tags={"team": "y"})["FailedResourcesMap"], {})
        found = {r["ResourceARN"] for page in tagging.get_paginator("get_resources").paginate(ResourcesPerPage=1)
                 for r in page["ResourceTagMappingList"]}
        self.assertEqual(found, {arn, function})
        self.assertEqual(tagging.get_tag_values(Key="team")["TagValues"], ["x", "y"])
        self.assertEqual(ec2.describe_volumes()["Volumes"][0]["Tags"], [{"Key": "team", "Value": "y"}])


if __name__ == "__main__":
    unittest.main()
