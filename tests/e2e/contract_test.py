"""The real binary's contract: verbs, JSON shapes, exit codes, what is on which stream, and what is left in the cloud.

    REEVE=build/debug/reeve python3 tests/e2e/contract_test.py

Needs nothing but Python. The cloud is the embedded sandbox, in process (`--sandbox`) and as a server on loopback.
"""

import hashlib
import http.client
import http.server
import json
import os
import re
import shutil
import signal
import stat
import sys
import threading
import time
import unittest
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (ACCOUNT, ERROR_DOCUMENT, ESTATE, PLAN, POLICY, REGION, RUN, RUN_HEAD, RUN_VERB, STALE, Contract,  # noqa: E402
                     sandbox, until)


class Reading(Contract):
    """Verbs that change nothing, on an estate that is known."""

    def setUp(self):
        super().setUp()
        self.estate = self.home.write("estate.yaml", ESTATE)
        self.cloud = f"--sandbox={self.estate}"

    def test_version(self):
        self.fits(self.ok("version"), {"format": {1}, "version": {"version": str}})
        self.assertRegex(self.reeve("version").out, r"^reeve \d+\.\d+\.\d+\n$")
        self.assertEqual(self.reeve("--version").out.strip(), self.ok("version")["version"]["version"])

    def test_list(self):
        listed = self.ok("list", "ebs-snapshot", self.cloud)
        self.fits(listed, {"format": {1}, "kind": {"ebs-snapshot"}, "records": [dict], "errors": [dict], "calls": {str: int}})
        self.assertEqual(len(listed["records"]), 6)
        self.assertEqual(listed["calls"]["ec2.DescribeSnapshots"], 1)
        self.assertEqual(self.ids(self.cloud), [f"snap-000000000000000{i}a" for i in range(1, 7)])
        for kind, count in (("ec2", 1), ("ebs", 1), ("ami", 0), ("aws.ebs", 1)):
            self.assertEqual(len(self.ok("list", kind, self.cloud)["records"]), count, kind)

    def test_list_where(self):
        def where(kind, *conditions):
            return self.ok("list", kind, self.cloud, "--ids", *(f"--where={c}" for c in conditions))["records"]
        self.assertEqual(where("ec2", "State.Name=running"), ["i-00000000000000a1e"])
        self.assertEqual(where("ec2", "State.Name!=running"), [])
        self.assertEqual(where("ebs-snapshot", "tag:Name=database"), ["snap-0000000000000004a"])
        self.assertEqual(where("ebs-snapshot", "VolumeSize=100", "VolumeId=vol-00000000000000d1e"),
                         ["snap-0000000000000002a", "snap-0000000000000003a"])

    def test_list_for_people(self):
        table = self.reeve("list", "ebs-snapshot", self.cloud)
        self.assertEqual(table.code, 0)
        self.assertEqual(len(table.out.splitlines()), 7, table)
        self.assertIn("account 123456789012", table.err)
        self.assertNotIn("account 123456789012", table.out)
        csv = self.reeve("list", "ebs-snapshot", self.cloud, "-o", "csv")
        self.assertTrue(csv.out.splitlines()[0].startswith("SnapshotId,"), csv)
        self.assertEqual(len(csv.out.splitlines()), 7)
        quiet = self.reeve("list", "ebs-snapshot", self.cloud, "--ids", "-q")
        self.assertEqual((quiet.out.split(), quiet.err), ([f"snap-000000000000000{i}a" for i in range(1, 7)], ""))

    def test_doctor(self):
        report = self.ok("doctor", self.cloud)
        self.fits(report, {"format": {1}, "doctor": {
            "account": {ACCOUNT}, "alias": (None, str), "caller": str, "partition": {"aws"}, "clock_off_s": float,
            "regions": [str], "regions_not_looked_at": [str], "regions_disabled": [str],
            "reads": [{"region": str, "operation": str, "state": {"ok", "denied", "unsupported", "failed"}, "advice": str}],
            "configuration": None, "bin_rules": [{"region": str, "rule": str}]}})
        doctor = report["doctor"]
        self.assertEqual(doctor["regions"], [REGION])
        self.assertIn("eu-central-1", doctor["regions_not_looked_at"])
        self.assertEqual({read["state"] for read in doctor["reads"]}, {"ok"})
        self.assertIn("weeklyrule1", doctor["bin_rules"][0]["rule"])
        denied = self.home.write("denied.yaml", ESTATE + f'accounts:\n  "{ACCOUNT}": {{deny: ["ec2:DescribeLockedSnapshots"]}}\n')
        advice = {r["operation"]: r for r in self.ok("doctor", f"--sandbox={denied}")["doctor"]["reads"] if r["state"] != "ok"}
        self.assertEqual(list(advice), ["ec2.DescribeLockedSnapshots"])
        self.assertIn("ec2:DescribeLockedSnapshots", advice["ec2.DescribeLockedSnapshots"]["advice"])

    def test_plan(self):
        plan = self.ok("plan", POLICY, self.cloud)
        self.fits(plan, PLAN)
        self.assertEqual([row["id"] for row in plan["rows"]], STALE)
        self.assertEqual({kept["id"]: kept["reason"]["code"] for kept in plan["kept"]}, {"snap-0000000000000006a": "protected"})
        head = plan["plan"]
        self.assertEqual(head["scopes"], [{"partition": "aws", "account": ACCOUNT, "regions": [REGION]}])
        self.assertEqual([(p["seen"], p["matched"], p["planned"]) for p in head["policies"]], [(6, 3, 2)])
        for row in plan["rows"]:
            self.assertEqual(row["undo"]["class"], "approximate")
            self.assertEqual(row["undo"]["means"], {"service": "ec2", "operation": "RestoreSnapshotFromRecycleBin"})
            self.assertEqual([(s["operation"], s["params"]) for s in row["steps"]],
                             [("DeleteSnapshot", {"SnapshotId": row["id"]})])
        again = self.ok("plan", POLICY, self.cloud)
        self.assertEqual([row["row"] for row in again["rows"]], [row["row"] for row in plan["rows"]])
        self.assertNotEqual(again["plan"]["id"], head["id"])
        self.assertEqual(self.ids(self.cloud), [f"snap-000000000000000{i}a" for i in range(1, 7)])

    def test_plan_for_people(self):
        table = self.reeve("plan", POLICY, self.cloud)
        self.assertEqual(table.code, 0)
        for word in (*STALE, "no-volume", "volume-gone", "protected", "reeve apply p-"):
            self.assertIn(word, table.out)
        csv = self.reeve("plan", POLICY, self.cloud, "-o", "csv")
        self.assertEqual(len(csv.out.splitlines()), 3, csv)

    def test_ages_count_from_now(self):
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 40 * 86400))
        plan = self.ok("plan", POLICY, self.cloud, "--now", later)
        self.assertEqual([row["id"] for row in plan["rows"]], [*STALE, "snap-0000000000000005a"])

    def test_variables(self):
        plan = self.ok("plan", POLICY, self.cloud, "--var", "days=45", "--var", "reasons=last-copy, volume-gone")
        self.assertEqual([(row["id"], row["risk"]["level"]) for row in plan["rows"]],
                         [("snap-0000000000000002a", plan["rows"][0]["risk"]["level"]), ("snap-0000000000000003a", "high")])
        # The last copy always needs consent, though a bin keeps it.
        run = self.ok("apply", plan["plan"]["id"], self.cloud, code=3)
        self.assertEqual([(row["id"], row["outcome"]) for row in run["rows"] if row["outcome"] != "done"],
                         [("snap-0000000000000003a", "skipped")])

    def test_validate(self):
        shape = {"format": {1}, "validate": {"files": [{"file": str, "policies": [str], "problems": [
            {"line": int, "column": int, "message": str, "warning": bool}]}]}}
        fine = self.ok("validate", POLICY)
        self.fits(fine, shape)
        self.assertEqual(fine["validate"]["files"][0]["policies"], ["stale-snapshots"])
        wrong = self.home.write("wrong.yaml", "policies:\n  - name: a\n    resource: aws.ebs-snapshot\n    filters:\n"
                                              "      - type: agee\n        days: 3\n    actions: [delet]\n")
        found = self.ok("validate", wrong, code=1)
        self.fits(found, shape)
        problems = found["validate"]["files"][0]["problems"]
        self.assertEqual([p["line"] for p in problems], [5, 7], problems)  # all at once
        self.assertIn("age", problems[0]["message"])
        self.assertIn("delete", problems[1]["message"])
        people = self.reeve("validate", wrong)
        self.assertEqual(people.code, 1)
        self.assertRegex(people.out, re.escape(wrong) + r":5:\d+: ")

    def test_call(self):
        answer = self.ok("call", "ec2", "DescribeSnapshots", '{"OwnerIds": ["self"]}', self.cloud)
        self.fits(answer, {"format": {1}, "document": {"Snapshots": [dict]}})
        self.assertEqual(len(answer["document"]["Snapshots"]), 6)
        # A page of the smallest size, five: without --one-page the pages are one answer.
        paged = '{"OwnerIds": ["self"], "MaxResults": 5}'
        self.assertEqual(self.ok("call", "ec2", "DescribeSnapshots", paged, self.cloud), answer)
        one = self.ok("call", "ec2", "DescribeSnapshots", paged, self.cloud, "--one-page")["document"]
        self.assertEqual((len(one["Snapshots"]), bool(one["NextToken"])), (5, True))
        bare = self.reeve("call", "ec2", "DescribeSnapshots", paged, self.cloud)
        self.assertEqual(json.loads(bare.out), answer["document"])
        self.assertIn("DescribeSnapshots", self.reeve("call", "ec2", "--operations").out.split())
        self.assertIn("OwnerIds: list", self.reeve("call", "ec2", "DescribeSnapshots", "--parameters").out)

    def test_environment(self):
        elsewhere = os.path.join(self.home.path, "elsewhere")
        env = {"REEVE_OUTPUT": "json", "REEVE_REGION": "eu-west-1", "REEVE_STATE": elsewhere, "REEVE_SANDBOX": self.estate}
        plan = self.reeve("plan", POLICY, env=env)
        self.assertEqual(plan.code, 0, plan)
        self.assertEqual(plan.json["plan"]["scopes"][0]["regions"], ["eu-west-1"])
        self.assertTrue(os.path.exists(f"{elsewhere}/plans/{plan.json['plan']['id']}.jsonl"))
        # A flag beats its variable.
        plan = self.reeve("plan", POLICY, "--region", REGION, "--state", self.home.state, env=env)
        self.assertEqual(plan.json["plan"]["scopes"][0]["regions"], [REGION])
        self.assertTrue(os.path.exists(f"{self.home.state}/plans/{plan.json['plan']['id']}.jsonl"))
        env["REEVE_LIMIT"] = "none"
        self.assertEqual(self.reeve("plan", POLICY, "--region", REGION, "--limit", "1", env=env).code, 3)
        wrong = self.reeve("plan", env=env)
        self.assertEqual(wrong.code, 1)
        self.fits(wrong.json, ERROR_DOCUMENT)

    def test_regions(self):
        plan = self.ok("plan", POLICY, self.cloud, "--region", REGION, "--region", "eu-west-1")
        self.assertEqual(plan["plan"]["scopes"][0]["regions"], ["eu-west-1", REGION])
        everywhere = self.ok("plan", POLICY, self.cloud, "--region", "all")
        self.assertIn("eu-central-1", everywhere["plan"]["scopes"][0]["regions"])
        self.assertEqual([row["id"] for row in everywhere["rows"]], STALE)

    def test_help_begins_with_examples(self):
        for verb in "list doctor trust plan apply run undo runs resume validate sandbox call version".split():
            said = self.reeve(verb, "--help")
            self.assertEqual((said.code, said.err), (0, ""), said)
            self.assertGreaterEqual(len(re.findall(rf"^  reeve {verb}", said.out, re.M)), 2, said)

    def test_log_file(self):
        path = os.path.join(self.home.path, "log")
        self.ok("list", "ec2", self.cloud, "--log-file", path, "-v")
        with open(path, encoding="utf-8") as file:
            for line in file:
                self.assertIsInstance(json.loads(line), dict)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)


class WrongInput(Contract):
    """Exit code 1 or 2, an error document on standard output, and what to do about it."""

    def test_command_line(self):
        for words, said in (
                (["bogus"], "no verb bogus"), (["pln"], "did you mean plan"), (["plan"], "FILE"),
                (["list", "ec2", "--sandbox", "--wher", "a=b"], "--where"), (["list", "nokind", "--sandbox"], "nokind"),
                (["list", "ebs-snapshots", "--sandbox"], "did you mean ebs-snapshot"),
                (["list", "ec2", "--sandbox", "--where", "x"], "PATH=VALUE"),
                (["plan", POLICY, "--sandbox", "--limit", "many"], "--limit many"),
                (["plan", POLICY, "--sandbox", "--limit", "-3"], "-3"),
                (["plan", POLICY, "--sandbox", "--limit", "101%"], "101%"),
                (["plan", POLICY, "--sandbox", "--limit", "1e3"], "1e3"),
                (["plan", POLICY, "--sandbox", "--var", "days"], "NAME=VALUE"),
                (["plan", POLICY, "--sandbox", "--var", "n=1", "--var", "n=2"], "n twice"),
                (["plan", POLICY, "--sandbox", "--endpoint-url", "http://127.0.0.1:9"], "two clouds"),
                (["plan", POLICY, "--sandbox", "--now", "yesterday"], "yesterday"),
                (["sandbox"], "--port"), (["sandbox", "--port", "99999"], "--port"),
                (["sandbox", "--port", "0", "--behaviour", "rude"], "rude"),
                (["call", "ec2", "DescribeSnapshots", "{bad", "--sandbox"], "JSON object"),
                (["call", "ec2", "DescribeSnapshots", "[]", "--sandbox"], "JSON object")):
            with self.subTest(words=words):
                error = self.refused(1, "usage", *words)
                self.assertIn(said, error["message"] + error["hint"])
        plain = self.reeve("list", "ec2", "-o", "yaml")
        self.assertEqual((plain.code, plain.out), (1, ""), plain)
        self.assertIn("table", plain.err)
        self.assertEqual(self.reeve().code, 1)

    def test_names_that_do_not_exist(self):
        self.assertIn("DescribeSnapshots", self.refused(1, "unknown_service", "call", "ec2", "DescribeSnapshotz", "--sandbox")["hint"])
        self.assertIn("ec2", self.refused(1, "unknown_service", "call", "ec3", "DescribeSnapshots", "--sandbox")["hint"])
        self.refused(1, "invalid_params", "call", "ec2", "DescribeSnapshots", '{"OwnerId": ["self"]}', "--sandbox")
        self.refused(1, "invalid_params", "call", "ec2", "DescribeSnapshots", '{"OwnerIds": "self"}', "--sandbox")
        self.refused(1, "not_found", "plan", "no-such-file.yaml", "--sandbox")
        self.refused(1, "not_found", "validate", "no-such-file.yaml")
        self.refused(1, "not_found", "apply", "p-20260101T000000-000000", "--sandbox")
        self.refused(1, "not_found", "apply", "no/such/file.jsonl", "--sandbox")
        self.refused(1, "not_found", "undo", "r-20260101T000000-000000", "--sandbox")
        self.refused(1, "not_found", "runs", "r-20260101T000000-000000", "--sandbox")
        self.refused(1, "not_found", "list", "ec2", "--sandbox=no-such-estate.yaml")

    def test_policies_and_estates_that_do_not_parse(self):
        broken = self.home.write("broken.yaml", "policies:\n  - name: a\n   resource: aws.ebs-snapshot\n")
        self.assertRegex(self.refused(1, "invalid_input", "plan", broken, "--sandbox")["message"], r"broken\.yaml:3:\d+")
        self.assertEqual(self.reeve("validate", broken).code, 1)
        unknown = self.home.write("unknown.yaml", "policies:\n  - name: a\n    resource: aws.ebs-snapshot\n    filter: []\n")
        self.assertRegex(self.refused(1, "invalid_input", "plan", unknown, "--sandbox")["message"], r"unknown\.yaml:4:\d+.*filters")
        binary = self.home.write("binary.yaml", "\x00\x01\x02")
        self.refused(1, "invalid_input", "plan", binary, "--sandbox")
        empty = self.home.write("empty.yaml", "")
        self.refused(1, "invalid_input", "plan", empty, "--sandbox")
        estate = self.home.write("estate.yaml", "format: 1\nsnapshots:\n  - {SnapshotIdd: snap-1}\n")
        self.assertIn("SnapshotId", self.refused(1, "invalid_input", "list", "ec2", f"--sandbox={estate}")["message"])
        faults = self.home.write("faults.json", '{"format": 1, "rules": [{"fault": "explode"}]}')
        self.assertIn("explode", self.refused(1, "invalid_input", "list", "ec2", "--sandbox", "--faults", faults)["message"])

    def test_values_that_a_policy_refuses(self):
        error = self.refused(1, "invalid_input", "plan", POLICY, "--sandbox", "--var", "reasons=foo")
        self.assertRegex(error["message"], r"stale-snapshots\.yaml:\d+:\d+: .*volume-unattached")

    def test_credentials_and_endpoints(self):
        nobody = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
        self.assertIn("AWS_ACCESS_KEY_ID", self.refused(2, "credentials", "list", "ec2", env=nobody)["hint"])
        self.refused(2, "network", "list", "ec2", "--endpoint-url", "http://127.0.0.1:9")
        server = sandbox(self.home)
        self.addCleanup(server.stop)
        wrong = self.refused(2, "credentials", "list", "ec2", "--endpoint-url", server.url,
                             env={"AWS_SECRET_ACCESS_KEY": "wrong"})
        self.assertEqual((wrong["aws"]["code"], wrong["aws"]["status"]), ("SignatureDoesNotMatch", 403))
        self.assertTrue(wrong["aws"]["request_id"])
        self.refused(1, "usage", "list", "ec2", env={"AWS_REGION": None})
        self.assertEqual(self.reeve("list", "ec2", "--endpoint-url", "nonsense").code, 1)
        secret = self.reeve("list", "ec2", "--endpoint-url", "http://user:hunter2@127.0.0.1:9", "-o", "json")
        self.assertEqual((secret.code, secret.json["error"]["code"]), (1, "endpoint"))
        self.assertNotIn("hunter2", secret.out + secret.err)

    def test_regions_that_are_none(self):
        nothing = {"HTTPS_PROXY": "http://127.0.0.1:9"}  # should anything be sent after all, it ends here
        for region in ("us-east-1 ", "../../x", "US-EAST-1", "evil.example.com/", "-a"):
            self.refused(1, "usage", "list", "ec2", "--region", region, env=nothing)
            self.refused(1, "usage", "list", "ec2", env={**nothing, "AWS_REGION": region})
        self.refused(1, "usage", "list", "ec2", "--sandbox", "--region", "../../x")
        for region in ("nowhere", "us-east"):
            self.refused(1, "endpoint", "list", "ec2", "--region", region, env=nothing)
        self.assertIn("us-east-1", self.refused(1, "endpoint", "call", "ec2", "DescribeVolumes", "--region", "useast-1",
                                                env=nothing)["message"])
        self.refused(2, "network", "call", "ec2", "DescribeVolumes", "--region", "eu-central-7", env=nothing)  # may be new
        self.refused(2, "network", "list", "ec2", "--region", "nowhere", "--endpoint-url", "http://127.0.0.1:9")

    def test_what_aws_refuses(self):
        error = self.refused(2, "not_found", "call", "ec2", "DescribeVolumes", '{"VolumeIds": ["vol-0123456789abcdef0"]}', "--sandbox")
        self.assertEqual((error["aws"]["code"], error["aws"]["status"]), ("InvalidVolume.NotFound", 400))
        self.assertEqual(error["operation"], "ec2.DescribeVolumes")
        self.refused(2, "unsupported", "call", "ec2", "DescribeVpnGateways", "{}", "--sandbox")

    def test_a_listing_that_breaks_off(self):
        faults = self.home.write("faults.json", {"format": 1, "rules": [
            {"match": {"operation": "DescribeVolumes"}, "fault": {"error": {"code": "UnauthorizedOperation", "status": 403}}, "times": 0}]})
        plan = self.ok("plan", POLICY, "--sandbox", "--faults", faults, code=4)
        self.fits(plan, PLAN)
        reasons = {row["why"][-1]["evidence"].get("reason") for row in plan["rows"]}
        self.assertLessEqual(reasons, {"no-volume"})
        faults = self.home.write("faults.json", {"format": 1, "rules": [
            {"match": {"operation": "DescribeSnapshots"}, "fault": {"error": {"code": "UnauthorizedOperation", "status": 403}}, "times": 0}]})
        plan = self.ok("plan", POLICY, "--sandbox", "--faults", faults, code=4)
        self.fits(plan, PLAN)
        self.assertEqual((plan["rows"], plan["plan"]["complete"]), ([], False))
        self.assertEqual(plan["errors"][0]["aws"]["code"], "UnauthorizedOperation")
        listed = self.ok("list", "ebs-snapshot", "--sandbox", "--faults", faults, code=4)
        self.assertEqual(listed["records"], [])
        self.assertEqual(listed["errors"][0]["code"], "access_denied")


class InProcess(Contract):
    """A plan's life on `--sandbox`, whose state lies in the state folder."""

    def plan(self, *args, code=0):
        plan = self.ok("plan", POLICY, "--sandbox", *args, code=code)
        self.fits(plan, PLAN)
        return plan

    def apply(self, *args, code=0):
        run = self.ok("apply", *args, "--sandbox", code=code)
        self.fits(run, RUN)
        return run

    def test_from_plan_to_undo(self):
        before = set(self.ids("--sandbox"))
        stopped = self.plan(code=3)
        self.assertEqual(stopped["errors"][0]["code"], "limit_stopped")
        counted = stopped["plan"]["policies"][0]["limit"]["counted"]
        self.assertEqual((stopped["rows"], stopped["plan"]["policies"][0]["limit"]["exceeded"]), ([], True))
        self.assertIn(f"--limit {counted}", stopped["errors"][0]["hint"])
        self.assertEqual(self.apply(stopped["plan"]["id"])["run"]["done"], 0)  # nothing is in it, nothing is done
        self.plan("--limit", str(counted - 1), code=3)
        plan = self.plan("--limit", str(counted))
        rows = {row["id"]: row["row"] for row in plan["rows"]}
        planned = {row["id"]: row["row"] for row in plan["rows"] if row["undo"]["class"] != "none"}
        self.assertEqual((len(rows), set(self.ids("--sandbox"))), (counted, before))
        self.assertLess(len(planned), len(rows))  # the bin's rules leave some out: these need consent, and nobody gave it

        applied = self.apply(plan["plan"]["id"], code=3)
        self.assertEqual((applied["run"]["state"], applied["run"]["done"]), ("done", len(planned)))
        self.assertEqual({row["id"]: row["row"] for row in applied["rows"]}, rows)
        self.assertEqual({row["id"]: row["error"]["code"] for row in applied["rows"] if row["outcome"] == "skipped"},
                         {id: "consent_missing" for id in rows if id not in planned})
        self.assertEqual(set(self.ids("--sandbox")), before - set(planned))
        self.refused(3, "plan_used", "apply", plan["plan"]["id"], "--sandbox")

        run = applied["run"]["id"]
        runs = self.ok("runs", "--sandbox")
        self.fits(runs, {"format": {1}, "runs": [RUN_HEAD]})
        self.assertEqual([r["done"] for r in runs["runs"] if r["id"] == run], [len(planned)])
        one = self.ok("runs", run, "--sandbox")
        self.fits(one, RUN)
        self.assertEqual({r["row"]: r["outcome"] for r in one["rows"]}, {r["row"]: r["outcome"] for r in applied["rows"]})
        self.assertIn(run, self.reeve("runs", "--sandbox").out)

        back = sorted(planned)[0]
        dry = self.ok("undo", run, planned[back], "--dry-run", "--sandbox")
        self.fits(dry["rows"][0]["steps"], [{"type": str, "service": str, "operation": {"RestoreSnapshotFromRecycleBin"}, "params": dict}])
        self.assertEqual(set(self.ids("--sandbox")), before - set(planned))
        undone = self.ok("undo", run, planned[back], "--sandbox")
        self.fits(undone, RUN)
        self.assertEqual((undone["run"]["verb"], undone["run"]["done"]), ("undo", 1))
        self.assertEqual(set(self.ids("--sandbox")), before - set(planned) | {back})
        rest = self.ok("undo", run, "--sandbox")
        self.assertEqual(set(self.ids("--sandbox")), before, rest["run"])
        self.assertIn(rest["run"]["failed"], (0,))
        self.refused(1, "not_found", "undo", run, "0123456789abcdef", "--sandbox")

        nothing = self.ok("resume", "--sandbox")
        self.assertEqual(nothing, {"format": 1, "run": None, "rows": [], "calls": {}})
        # What came back is left alone: somebody wanted it.
        kept = {k["id"]: k["reason"]["code"] for k in self.plan("--limit", "none")["kept"]}
        self.assertEqual({kept.get(one) for one in planned}, {"protected"})

    def test_run(self):
        before = set(self.ids("--sandbox"))
        done = self.ok("run", POLICY, "--sandbox", "--limit", "none", "--allow-irreversible")
        self.fits(done, RUN_VERB)
        self.assertEqual({row["outcome"] for row in done["rows"]}, {"done"})
        self.assertEqual(set(self.ids("--sandbox")), before - {row["id"] for row in done["rows"]})
        self.assertEqual(done["calls"]["ec2.DeleteSnapshot"], len(done["rows"]))
        self.reeve("sandbox", "--reset")
        self.assertEqual(set(self.ids("--sandbox")), before)
        shutil.rmtree(self.home.state)
        stopped = self.ok("run", POLICY, "--sandbox", "-r", REGION, code=3)
        self.fits(stopped, RUN_VERB)
        self.assertEqual(set(self.ids("--sandbox")), before)

    def test_a_part(self):
        before = set(self.ids("--sandbox"))
        plan = self.plan("--limit", "none")
        wanted, spared = plan["rows"][:4], plan["rows"][4:]
        run = self.apply(plan["plan"]["id"], "--allow-irreversible", "--rows", ",".join(r["row"] for r in wanted), "--except",
                         wanted[0]["id"])
        self.assertEqual({row["id"] for row in run["rows"]}, {row["id"] for row in wanted[1:]})
        self.assertEqual(set(self.ids("--sandbox")), before - {row["id"] for row in wanted[1:]})
        self.assertTrue(spared)
        again = self.plan("--limit", "none")
        self.refused(1, "usage", "apply", again["plan"]["id"], "--rows", "0123456789abcdef", "--sandbox")
        self.apply(again["plan"]["id"], "--allow-irreversible")  # what was refused has not used it up

    def test_oldest_first(self):
        plan = self.plan("--limit", "10", "--oldest-first")
        self.assertEqual(len(plan["rows"]), 10)
        self.assertGreater([k["reason"]["code"] for k in plan["kept"]].count("past-limit"), 10)
        starts = {r["SnapshotId"]: r["StartTime"] for r in self.ok("list", "ebs-snapshot", "--sandbox")["records"]}
        newest = max(starts[row["id"]] for row in plan["rows"])
        past = [starts[k["id"]] for k in plan["kept"] if k["reason"]["code"] == "past-limit"]
        self.assertLessEqual(newest, min(past))

    def saved(self, change, fits=False):
        """A plan's file with its text changed; with `fits` the digest is made to fit again."""
        path = os.path.join(self.home.path, "saved.plan.jsonl")
        self.plan("--limit", "none", "--save", path)
        with open(path, encoding="utf-8") as file:
            *lines, end = file.readlines()
        body = change("".join(lines))
        self.assertNotEqual(body, "".join(lines))
        if fits:
            old = json.loads(end)["end"]["digest"]
            end = end.replace(old, hashlib.sha256(body.encode()).hexdigest())
        return self.home.write("saved.plan.jsonl", body + end)

    def test_plans_that_are_refused(self):
        stays = "snap-0fc9eea753395e852"  # fast restore is on: nothing plans to delete it
        self.assertIn(stays, self.ids("--sandbox"))

        def redirect(text):
            return re.sub(r'("SnapshotId":")snap-[0-9a-f]+', r"\g<1>" + stays, text, count=1)
        self.refused(3, "plan_damaged", "apply", self.saved(redirect), "--sandbox")
        self.refused(3, "plan_damaged", "apply", self.saved(lambda text: "".join(text.splitlines(True)[:-9])), "--sandbox")
        self.refused(3, "plan_damaged", "apply", self.home.write("not.jsonl", "hello\n"), "--sandbox")
        self.refused(3, "plan_damaged", "apply", self.home.write("empty.jsonl", ""), "--sandbox")
        expired = self.saved(lambda text: re.sub(r'"expires":"[^"]+"', '"expires":"2026-01-01T00:00:00Z"', text), fits=True)
        self.refused(3, "plan_expired", "apply", expired, "--sandbox")
        elsewhere = self.saved(lambda text: text.replace(f'"account":"{ACCOUNT}"', '"account":"210987654321"', 1), fits=True)
        self.assertIn("210987654321", self.refused(3, "plan_refused", "apply", elsewhere, "--sandbox")["message"])
        # With a digest that fits: planning again gives other steps than the file's, so that row is not done.
        run = self.apply(self.saved(redirect, fits=True), "--allow-irreversible")
        self.assertEqual(run["run"]["drifted"], 1)
        self.assertIn(stays, self.ids("--sandbox"))

    def test_a_saved_plan_is_the_stored_one(self):
        path = os.path.join(self.home.path, "friday.plan.jsonl")
        plan = self.plan("--limit", "none", "--save", path)
        with open(path, "rb") as a, open(f"{self.home.state}/plans/{plan['plan']['id']}.jsonl", "rb") as b:
            self.assertEqual(a.read(), b.read())
        self.apply(path, "--allow-irreversible")
        self.refused(3, "plan_used", "apply", plan["plan"]["id"], "--sandbox")
        self.refused(3, "plan_used", "apply", path, "--sandbox")

    def test_files_are_for_their_owner_only(self):
        path = os.path.join(self.home.path, "mine.plan.jsonl")
        old = os.umask(0)
        try:
            plan = self.plan("--limit", "none", "--save", path)
            self.apply(plan["plan"]["id"], "--allow-irreversible")
        finally:
            os.umask(old)
        files = [path] + [os.path.join(folder, name) for folder, _, names in os.walk(self.home.state) for name in names]
        self.assertGreaterEqual(len(files), 5)
        for file in files:
            self.assertEqual(oct(stat.S_IMODE(os.stat(file).st_mode)), oct(0o600), file)

    def test_consent(self):
        estate = self.home.write("estate.yaml", ESTATE.split("bin_rules:")[0])
        cloud = f"--sandbox={estate}"
        plan = self.ok("plan", POLICY, cloud)
        self.assertEqual({row["undo"]["class"] for row in plan["rows"]}, {"none"})
        run = self.ok("apply", plan["plan"]["id"], cloud, code=3)
        self.fits(run, RUN)
        self.assertEqual([(row["outcome"], row["error"]["code"]) for row in run["rows"]], [("skipped", "consent_missing")] * 2)
        self.assertEqual(len(self.ids(cloud)), 6)
        plan = self.ok("plan", POLICY, cloud)
        self.assertEqual(self.ok("apply", plan["plan"]["id"], cloud, "--allow-irreversible")["run"]["done"], 2)
        self.assertEqual(len(self.ids(cloud)), 4)
        # There is no way back, and it says so.
        undone = self.reeve("undo", self.ok("runs", cloud)["runs"][-1]["id"], cloud, "-o", "json")
        self.fits(undone.json, RUN)
        self.assertEqual(undone.json["run"]["done"], 0)
        for row in undone.json["rows"]:
            self.assertIn("Recycle Bin", row["error"]["message"])

    def test_trust_is_not_needed_here(self):
        self.refused(3, "trust_missing", "trust", "210987654321", "--yes-i-mean", "210987654321", "--sandbox")
        for words in ([ACCOUNT], ["example-sandbox", "--yes-i-mean", "example-sandbox"]):
            self.assertEqual(self.ok("trust", *words, "--sandbox"),
                             {"format": 1, "trust": {"account": ACCOUNT, "alias": "example-sandbox", "endpoint": None,
                                                     "needed": False}})
        self.assertIn("No trust is needed", self.reeve("trust", ACCOUNT, "--sandbox").out)
        self.assertFalse(os.path.exists(os.path.join(self.home.state, "trust.json")))

    def test_rows_that_fail(self):
        faults = self.home.write("faults.json", {"format": 1, "rules": [
            {"match": {"operation": "DeleteSnapshot", "nth": 3},
             "fault": {"error": {"code": "UnauthorizedOperation", "status": 403}}}]})
        before = set(self.ids("--sandbox"))
        plan = self.plan("--limit", "none")
        run = self.apply(plan["plan"]["id"], "--allow-irreversible", "--faults", faults, code=2)
        self.assertEqual((run["run"]["state"], run["run"]["failed"]), ("failed", 1))
        failed = [row for row in run["rows"] if row["outcome"] == "failed"]
        self.assertEqual(failed[0]["error"]["code"], "access_denied")
        self.assertEqual(set(self.ids("--sandbox")), before - {row["id"] for row in run["rows"] if row["outcome"] == "done"})
        self.assertIn(failed[0]["id"], self.ids("--sandbox"))


class Served(Contract):
    """Against `reeve sandbox` as a server: two processes, so one can die."""

    def serve(self, delay_ms=0, rules=()):
        args = ["--generate", "300", "--seed", "7"]
        if delay_ms:
            rules = [{"match": {"operation": "DeleteSnapshot"}, "fault": {"slow": {"ms": delay_ms}}, "times": 0}]
        if rules:
            args += ["--faults", self.home.write("server-faults.json", {"format": 1, "rules": rules})]
        self.server = sandbox(self.home, *args)
        self.addCleanup(self.server.stop)
        return self.server

    def cloud(self, *args, code=0):
        return self.ok(*args, "--endpoint-url", self.server.url, code=code)

    def begin(self, *args):
        started = self.home.start(*args, "--endpoint-url", self.server.url, "-o", "json")
        self.addCleanup(started.stop)
        return started

    def deletes(self):
        return self.server.calls("ec2.DeleteSnapshot")

    def left(self):
        return self.server.snapshots()

    def test_same_as_in_process(self):
        self.serve()
        here = self.ok("plan", POLICY, "--sandbox", "--limit", "none")
        there = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")
        self.fits(there, PLAN)
        self.assertEqual([row["row"] for row in there["rows"]], [row["row"] for row in here["rows"]])
        self.assertEqual(there["calls"], here["calls"])
        before = self.left()
        run = self.cloud("apply", there["plan"]["id"])
        self.assertEqual(self.left(), before - {row["id"] for row in there["rows"]})
        self.assertEqual((self.deletes(), run["run"]["done"]), (len(there["rows"]), len(there["rows"])))

    def test_kill_9_and_resume(self):
        self.serve(delay_ms=400)
        before = self.left()
        plan = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")
        planned = {row["id"] for row in plan["rows"]}
        apply = self.begin("apply", plan["plan"]["id"])
        until(lambda: self.deletes() >= 20)
        apply.send(signal.SIGKILL)
        self.assertEqual(apply.end().code, -signal.SIGKILL)
        at_death = self.deletes()
        self.assertLess(at_death, len(planned))
        [run] = self.ok("runs")["runs"]
        self.assertEqual(run["state"], "interrupted")
        resumed = self.cloud("resume")
        self.fits(resumed, RUN)
        self.assertEqual((resumed["run"]["id"], resumed["run"]["state"]), (run["id"], "done"))
        self.assertEqual({row["id"] for row in resumed["rows"]}, planned)
        self.assertEqual({row["outcome"] for row in resumed["rows"]}, {"done"})
        self.assertEqual(self.left(), before - planned)
        self.assertEqual(self.deletes(), len(planned))  # none twice
        self.assertIsNone(self.cloud("resume")["run"])
        self.assertIsNone(self.cloud("resume", run["id"])["run"])
        self.refused(1, "not_found", "resume", "r-none", "--endpoint-url", self.server.url)
        binned = {row["id"] for row in plan["rows"] if row["undo"]["class"] != "none"}
        undone = self.cloud("undo", run["id"])
        self.assertEqual((undone["run"]["done"], self.left()), (len(binned), before - planned | binned))

    def test_ctrl_c_and_resume(self):
        self.serve(delay_ms=400)
        before = self.left()
        plan = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")
        planned = {row["id"] for row in plan["rows"]}
        apply = self.begin("apply", plan["plan"]["id"])
        until(lambda: self.deletes() >= 20)
        apply.send(signal.SIGINT)
        ended = apply.end()
        self.assertEqual(ended.code, 130, ended)
        self.fits(ended.json, RUN)
        self.assertEqual(ended.json["run"]["state"], "interrupted")
        self.assertEqual((ended.json["run"]["in_doubt"], ended.json["run"]["failed"]), (0, 0))
        self.assertEqual(ended.json["run"]["done"], self.deletes())  # the calls in flight were waited for
        self.assertIn("reeve resume", ended.err)
        resumed = self.cloud("resume")
        self.assertEqual((resumed["run"]["state"], {row["id"] for row in resumed["rows"]}), ("done", planned))
        self.assertEqual((self.left(), self.deletes()), (before - planned, len(planned)))

    def test_what_an_interrupted_run_left_open_is_no_outcome(self):
        """Rows that were not come to are in no list and no count, until `resume` carries them out."""
        denied = {"error": {"code": "ExpiredToken", "status": 400}}
        for form in ("json", "csv"):
            with self.subTest(form):
                self.serve(rules=[{"match": {"operation": "DeleteSnapshot", "after": 20}, "fault": denied}])
                ended = self.reeve("run", POLICY, "--limit", "none", "--allow-irreversible", "-o", form,
                                   "--endpoint-url", self.server.url)
                self.assertNotEqual(ended.code, 0, ended)
                [run] = [one for one in self.ok("runs")["runs"] if one["state"] == "interrupted"]
                rows = ended.json["rows"] if form == "json" else ended.out.splitlines()[1:]
                self.assertEqual(len(rows), run["done"] + run["failed"] + run["in_doubt"])
                if form == "json":
                    self.fits(ended.json, RUN_VERB)
                    self.assertEqual(ended.json["run"]["skipped"], 0)
                    self.assertNotIn("skipped", {row["outcome"] for row in rows})
                self.assertEqual(len(self.ok("runs", run["id"])["rows"]), len(rows))
                shutil.rmtree(self.home.state)

    def test_a_second_ctrl_c_leaves_at_once(self):
        self.serve(delay_ms=3000)
        plan = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")
        apply = self.begin("apply", plan["plan"]["id"])
        until(lambda: self.deletes() >= 16)
        apply.send(signal.SIGINT)
        time.sleep(0.3)
        self.assertIsNone(apply.process.poll())
        asked = time.monotonic()
        apply.send(signal.SIGINT)
        ended = apply.end()
        self.assertEqual(ended.code, 130)
        self.fits(ended.json, ERROR_DOCUMENT)
        self.assertEqual(ended.json["error"]["code"], "cancelled")
        self.assertIn("reeve resume", ended.err)
        self.assertLess(time.monotonic() - asked, 2.5)
        # 16 rows have an intent and no outcome: resuming looks, and does none of them again.
        resume = self.begin("resume")
        until(lambda: self.deletes() >= 32)
        resume.send(signal.SIGKILL)
        resume.end()
        self.assertEqual(self.deletes(), 32)

    def test_ctrl_c_while_planning(self):
        self.serve()
        slow = self.home.write("slow.json", {"format": 1, "rules": [
            {"match": {"operation": "DescribeSnapshots"}, "fault": {"slow": {"ms": 3000}}, "times": 0}]})
        plan = self.begin("plan", POLICY, "--faults", slow)
        time.sleep(0.8)
        plan.send(signal.SIGINT)
        ended = plan.end()
        self.assertEqual(ended.code, 130, ended)
        self.fits(ended.json, ERROR_DOCUMENT)
        self.assertEqual(ended.json["error"]["code"], "cancelled")

    def test_two_at_once(self):
        self.serve(delay_ms=300)
        first = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")["plan"]["id"]
        second = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")["plan"]["id"]
        apply = self.begin("apply", first)
        until(lambda: self.deletes() >= 1)
        locked = self.refused(3, "locked", "apply", second, "--endpoint-url", self.server.url)
        self.assertIn(str(apply.process.pid), locked["message"])
        at_work = self.refused(3, "locked", "resume", "--endpoint-url", self.server.url)  # it is not resumed
        self.assertIn("at work", at_work["message"])
        self.assertEqual([run["state"] for run in self.ok("runs")["runs"]], ["running"])
        self.assertEqual(apply.end().code, 0)
        late = self.cloud("apply", second)  # the other did it: nothing is left of these rows
        self.assertEqual((late["run"]["done"], late["run"]["failed"]), (0, 0))
        self.assertEqual({row["outcome"] for row in late["rows"]}, {"drifted"})

    def test_drift(self):
        self.serve()
        plan = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")
        one, other = plan["rows"][0]["id"], plan["rows"][1]["id"]
        self.cloud("call", "ec2", "CreateTags", json.dumps({"Resources": [one], "Tags": [{"Key": "reeve:protect", "Value": ""}]}))
        self.cloud("call", "ec2", "CreateTags", json.dumps({"Resources": [other], "Tags": [{"Key": "note", "Value": "x"}]}))
        run = self.cloud("apply", plan["plan"]["id"])
        self.assertEqual([row["id"] for row in run["rows"] if row["outcome"] == "drifted"], [one])
        self.assertIn(one, self.left())
        self.assertNotIn(other, self.left())

    def test_another_account(self):
        self.serve()
        plan = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")
        error = self.refused(3, "plan_refused", "apply", plan["plan"]["id"], "--endpoint-url", self.server.url,
                             env={"AWS_ACCESS_KEY_ID": "210987654321", "AWS_SECRET_ACCESS_KEY": "sandbox"})
        self.assertIn("210987654321", error["message"])
        self.assertEqual(self.deletes(), 0)

    def test_faults_on_the_way(self):
        self.serve()
        before = self.left()
        faults = self.home.write("faults.json", {"format": 1, "rules": [
            {"match": {"operation": "DeleteSnapshot", "nth": 2}, "fault": "server_error_after"},
            {"match": {"operation": "DeleteSnapshot", "nth": 5}, "fault": "throttle"},
            {"match": {"operation": "DescribeVolumes", "nth": 1}, "fault": "server_error_before"}]})
        plan = self.cloud("plan", POLICY, "--limit", "none", "--allow-irreversible")
        planned = {row["id"] for row in plan["rows"]}
        run = self.cloud("apply", plan["plan"]["id"], "--faults", faults)
        self.assertEqual(run["run"]["done"], len(planned))
        self.assertEqual(self.left(), before - planned)

    def test_answers_that_get_lost(self):
        """What took effect counts as done, whatever came back: a gateway's page, half an answer, an error of the server."""
        def lost(fault, nth):
            return {"match": {"operation": "DeleteSnapshot", "nth": nth}, "fault": fault}
        self.serve(rules=[lost({"timeout_after": {"ms": 300}}, 2), lost("torn_body", 4), lost("server_error_after", 6)])
        before = self.left()
        run = self.cloud("run", POLICY, "--limit", "none", "--allow-irreversible")
        self.assertEqual({row["outcome"] for row in run["rows"]}, {"done"})
        self.assertEqual(self.left(), before - {row["id"] for row in run["rows"]})

    def test_the_servers_state_is_kept(self):
        state = os.path.join(self.home.path, "server")
        first = sandbox(self.home, "--generate", "20", "--state", state)
        ids = first.snapshots()
        first.stop()
        second = sandbox(self.home, "--state", state)
        self.addCleanup(second.stop)
        self.assertEqual((second.snapshots(), len(ids)), (ids, 20))


class ProxyServer(http.server.ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True


class Proxy(http.server.BaseHTTPRequestHandler):
    """A forward proxy that hands everything to `target`, so that an endpoint need not have a loopback name."""
    protocol_version = "HTTP/1.1"
    target = ""

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.target).netloc, timeout=30)
        path = urllib.parse.urlsplit(self.path)
        connection.request(self.command, path.path + ("?" + path.query if path.query else ""), body, dict(self.headers))
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for key, value in answer.getheaders():
            if key.lower() not in ("content-length", "transfer-encoding", "connection"):
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST

    def log_message(self, *args):
        pass


class FarAway(Contract):
    """An endpoint that is not on loopback, by its name: what is safe in a sandbox is not there."""

    def setUp(self):
        super().setUp()
        self.server = sandbox(self.home, "--generate", "300", "--seed", "7")
        self.addCleanup(self.server.stop)
        handler = type("Handler", (Proxy,), {"target": self.server.url})
        self.proxy = ProxyServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=self.proxy.serve_forever, daemon=True)
        thread.start()
        self.addCleanup(self.proxy.server_close)
        self.addCleanup(self.proxy.shutdown)
        self.env = {"HTTP_PROXY": f"http://127.0.0.1:{self.proxy.server_port}", "http_proxy": None, "NO_PROXY": None,
                    "no_proxy": None, "AWS_ENDPOINT_URL": "http://cloud.example.com"}

    def far(self, *args, code=0):
        return self.ok(*args, code=code, env=self.env)

    def test_trust_is_asked_for_once(self):
        plan = self.far("plan", POLICY, "--limit", "none", "--allow-irreversible")
        self.fits(plan, PLAN)
        self.assertIn("reeve trust", self.refused(3, "trust_missing", "apply", plan["plan"]["id"], env=self.env)["hint"])
        self.refused(3, "trust_missing", "run", POLICY, env=self.env)
        self.refused(3, "trust_missing", "trust", ACCOUNT, env=self.env)
        self.assertEqual(self.server.calls("ec2.DeleteSnapshot"), 0)
        # Trust given elsewhere is none here: in the sandbox, on loopback, at another endpoint.
        self.ok("trust", ACCOUNT, "--yes-i-mean", ACCOUNT, "--sandbox")
        self.ok("trust", ACCOUNT, "--yes-i-mean", ACCOUNT, "--endpoint-url", self.server.url)
        self.ok("trust", ACCOUNT, "--yes-i-mean", ACCOUNT, env={**self.env, "AWS_ENDPOINT_URL": "http://b.example.com"})
        self.refused(3, "trust_missing", "apply", plan["plan"]["id"], env=self.env)
        self.assertEqual(self.far("trust", ACCOUNT, "--yes-i-mean", "example-sandbox")["trust"],
                         {"account": ACCOUNT, "alias": "example-sandbox", "endpoint": "http://cloud.example.com", "needed": True})
        with open(os.path.join(self.home.state, "trust.json"), encoding="utf-8") as file:
            trusted = json.load(file)
        self.assertEqual((trusted["accounts"], sorted(trusted["endpoints"])),
                         ({}, ["http://b.example.com", "http://cloud.example.com"]))
        run = self.far("apply", plan["plan"]["id"])
        self.assertEqual(run["run"]["done"], len(plan["rows"]))
        # Kept in the state folder, and in no other.
        shutil.rmtree(self.home.state)
        self.refused(3, "trust_missing", "undo", run["run"]["id"], env=self.env)

    def test_a_damaged_list_of_trusted_accounts_is_left_as_it_is(self):
        os.makedirs(self.home.state)
        path = os.path.join(self.home.state, "trust.json")
        entry = {"alias": "", "by": "arn:aws:iam::123456789012:root", "at": "2026-01-01T00:00:00Z"}
        for content in ("", "{", "[]", '{"format": 2, "accounts": {}}', '{"format": 1}', '{"format": 1, "accounts": []}',
                        *(json.dumps({"format": 1, "accounts": accounts}) for accounts in (
                            {ACCOUNT: {}}, {ACCOUNT: True}, {"12": entry}, {ACCOUNT: {**entry, "at": "soon"}}, {ACCOUNT: [entry]})),
                        json.dumps({"format": 1, "accounts": {}, "endpoints": {"http://cloud.example.com": {ACCOUNT: {}}}})):
            self.home.write("state/trust.json", content)
            error = self.refused(1, "invalid_input", "trust", ACCOUNT, "--yes-i-mean", ACCOUNT, env=self.env)
            self.assertIn("trust.json", error["resource"])
            self.assertIn("reeve trust", error["hint"])
            self.refused(1, "invalid_input", "run", POLICY, env=self.env)
            with open(path, encoding="utf-8") as file:
                self.assertEqual(file.read(), content)
        os.remove(path)
        self.far("trust", ACCOUNT, "--yes-i-mean", ACCOUNT)

    def test_a_changing_call_needs_trust_too(self):
        call = ["call", "ec2", "DeleteSnapshot", json.dumps({"SnapshotId": sorted(self.server.snapshots())[0]})]
        self.refused(3, "trust_missing", *call, env=self.env)
        dry = json.dumps({"SnapshotId": sorted(self.server.snapshots())[0], "DryRun": True})
        self.refused(2, "request_refused", "call", "ec2", "DeleteSnapshot", dry, env=self.env)  # DryRunOperation: it would do
        self.assertEqual(len(self.server.snapshots()), 300)
        self.far("call", "ec2", "DescribeSnapshots", "{}")
        self.far("trust", ACCOUNT, "--yes-i-mean", ACCOUNT)
        ended = self.reeve(*call, env=self.env)
        self.assertEqual(ended.code, 0, ended)
        self.assertIn("not journalled", ended.err)
        self.assertEqual(len(self.server.snapshots()), 299)
        tags = json.dumps({"Resources": [sorted(self.server.snapshots())[0]], "Tags": [{"Key": "a", "Value": "b"}]})
        near = self.reeve("call", "ec2", "CreateTags", tags, "--endpoint-url", self.server.url)
        self.assertEqual(near.code, 0, near)

    def test_plans_stay_where_they_were_made(self):
        self.far("trust", ACCOUNT, "--yes-i-mean", ACCOUNT)
        near = self.ok("plan", POLICY, "--limit", "none", "--endpoint-url", self.server.url)
        self.refused(3, "plan_refused", "apply", near["plan"]["id"], env=self.env)
        later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
        pinned = self.far("plan", POLICY, "--limit", "none", "--now", later)
        self.assertIn("--now", self.refused(3, "plan_refused", "apply", pinned["plan"]["id"], env=self.env)["message"])
        self.assertEqual(self.server.calls("ec2.DeleteSnapshot"), 0)


if __name__ == "__main__":
    unittest.main()
