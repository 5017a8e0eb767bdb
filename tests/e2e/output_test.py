"""What verbs print: CSV that programs and spreadsheets can take, tables that nothing from outside can steer, and what is
said where a flag is no use.

    REEVE=build/debug/reeve python3 tests/e2e/output_test.py

Needs nothing but Python.
"""

import csv
import io
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ACCOUNT, ESTATE, POLICY, REGION, STALE, Contract  # noqa: E402

NASTY = """
format: 1
snapshots:
  - {SnapshotId: snap-0000000000000001a, StartTime: -40d, VolumeSize: 50, Description: "=HYPERLINK(\\"http://x\\")", Tags: {Name: "a\\u202eb\\u009b31m\\e[31m"}}
  - {SnapshotId: snap-0000000000000002a, StartTime: -40d, VolumeSize: 50, Description: 東京のバックアップ}
  - {SnapshotId: snap-0000000000000003a, StartTime: -40d, VolumeSize: 50, Description: "one,\\ntwo \\"three\\""}
bin_rules:
  - {Identifier: weeklyrule1, RetentionDays: 7}
"""


class Output(Contract):
    def setUp(self):
        super().setUp()
        self.cloud = f"--sandbox={self.home.write('estate.yaml', ESTATE)}"

    def rows(self, *args, code=0):
        """CSV as a list of maps; the header's names are words, and every line ends as RFC 4180 wants it."""
        ended = self.home.start(*args, "-o", "csv")
        out, err = ended.process.communicate(timeout=60)
        self.assertEqual(ended.process.returncode, code, err)
        reader = csv.DictReader(io.StringIO(out, newline=""), strict=True)
        rows = list(reader)
        for name in reader.fieldnames:
            self.assertRegex(name, r"^[A-Za-z0-9_.]+$")
        for row in rows:
            self.assertNotIn(None, row)
        return rows


class Events(Output):
    def test_a_policy_that_waits_for_an_event_plans_nothing(self):
        policy = """policies:
  - {name: event, resource: ebs-snapshot, mode: {type: cloudtrail, events: [CreateSnapshot]}, actions: [delete],
     filters: [{type: event, key: detail.userIdentity.userName, value: intern}]}
"""
        path = self.home.write("event.yaml", policy)
        ended = self.home.start("run", path, self.cloud, "-o", "json")
        out, err = ended.process.communicate(timeout=60)
        self.assertEqual(ended.process.returncode, 0, err)
        ran = json.loads(out)
        self.assertEqual(ran["rows"], [])
        self.assertEqual(ran["plan"]["policies"][0]["matched"], 6)
        self.assertEqual([kept["reason"]["code"] for kept in ran["kept"]], ["needs-event"] * 6)


class Csv(Output):
    def test_list(self):
        rows = self.rows("list", "ebs-snapshot", self.cloud)
        self.assertEqual([row["SnapshotId"] for row in rows], [f"snap-000000000000000{i}a" for i in range(1, 7)])
        self.assertEqual({(row["account"], row["region"]) for row in rows}, {(ACCOUNT, REGION)})
        self.assertEqual(rows[0]["VolumeSize"], "50")
        ids = self.rows("list", "ebs-snapshot", self.cloud, "--ids")
        self.assertEqual(ids, [{"SnapshotId": row["SnapshotId"]} for row in rows])

    def test_doctor_trust_and_validate(self):
        reads = self.rows("doctor", self.cloud)
        self.assertEqual({row["state"] for row in reads}, {"ok"})
        self.assertIn("ec2.DescribeSnapshots", {row["read"] for row in reads})
        self.assertEqual(self.rows("trust", ACCOUNT, "--yes-i-mean", ACCOUNT, self.cloud)[0]["account"], ACCOUNT)
        wrong = self.home.write("wrong.yaml", "policies:\n  - name: a\n    resource: ebs\n    filter: []\n")
        problems = self.rows("validate", POLICY, wrong, code=1)
        self.assertEqual([(row["file"], row["line"], row["level"]) for row in problems], [(wrong, "4", "error")])
        self.assertIn("filters", problems[0]["message"])

    def test_not_for_every_verb(self):
        for words in (["version"], ["call", "ec2", "DescribeSnapshots", self.cloud], ["sandbox", "--reset"]):
            ended = self.reeve(*words, "-o", "csv")
            self.assertEqual((ended.code, ended.out), (1, ""), ended)
            self.assertIn("-o json", ended.err)

    def test_cells_from_outside(self):
        cloud = f"--sandbox={self.home.write('nasty.yaml', NASTY)}"
        rows = self.rows("list", "ebs-snapshot", cloud)
        self.assertEqual([row["Description"] for row in rows],
                         ["'=HYPERLINK(\"http://x\")", "東京のバックアップ", 'one,\ntwo "three"'])
        for words in (["list", "ebs-snapshot", cloud], ["plan", POLICY, cloud]):
            for form in ("table", "csv"):
                said = self.reeve(*words, "-o", form)
                for character in "\x1b\x9b\u202e":
                    self.assertNotIn(character, said.out + said.err)
        table = self.reeve("plan", POLICY, cloud, "--limit", "none").out
        self.assertIn(r"a\u202eb\x9b31m\x1b[31m", table)


class Changes(Output):
    """What plans and runs look like as CSV and as tables."""

    def denied(self, *operations):
        return self.home.write("denied.json", {"format": 1, "rules": [
            {"match": {"operation": one}, "fault": {"error": {"code": "UnauthorizedOperation", "status": 403}}, "times": 0}
            for one in operations]})

    def test_from_plan_to_undo(self):
        plan = self.rows("plan", POLICY, self.cloud)
        self.assertEqual([(row["id"], row["policy"], row["account"], row["region"]) for row in plan],
                         [(one, "stale-snapshots", ACCOUNT, REGION) for one in STALE])
        self.assertIn("stale: no-volume", plan[0]["why"])
        self.assertEqual(plan[0]["undo"], "approximate")
        for row in plan:
            self.assertRegex(row["until"], r"^\d{4}-\d\d-\d\dT")
            self.assertGreater(float(row["at_most"]), 0)
        run = self.rows("run", POLICY, self.cloud)
        self.assertEqual([(row["id"], row["outcome"], row["error"]) for row in run], [(one, "done", "") for one in STALE])
        [listed] = self.rows("runs", self.cloud)
        self.assertEqual((listed["done"], listed["in_doubt"], listed["state"]), ("2", "0", "done"))
        self.assertEqual({row["id"] for row in self.rows("runs", listed["run"], self.cloud)}, set(STALE))
        dry = self.rows("undo", listed["run"], "--dry-run", self.cloud)
        self.assertEqual({(row["id"], row["by"]) for row in dry}, {(one, "RestoreSnapshotFromRecycleBin") for one in STALE})
        undone = self.rows("undo", listed["run"], self.cloud)
        self.assertEqual({(row["id"], row["outcome"]) for row in undone}, {(one, "done") for one in STALE})
        again = self.reeve("undo", listed["run"], self.cloud)
        self.assertEqual(again.code, 0, again)
        self.assertIn("Nothing is left to undo.", again.out)
        self.assertEqual(self.rows("resume", self.cloud), [])

    def test_what_has_no_way_back_stays(self):
        cloud = f"--sandbox={self.home.write('nobin.yaml', ESTATE.split('bin_rules:')[0])}"
        self.ok("run", POLICY, cloud, "--allow-irreversible")
        run = self.ok("runs", cloud)["runs"][-1]["id"]
        dry = self.ok("undo", run, "--dry-run", cloud)
        self.assertEqual((dry["rows"], {kept["id"] for kept in dry["kept"]}), ([], set(STALE)))
        table = self.reeve("undo", run, "--dry-run", cloud)
        self.assertEqual(table.code, 0)
        self.assertIn("Nothing can be undone for certain.", table.out)
        for row in self.rows("undo", run, "--dry-run", cloud):
            self.assertEqual((row["action"], row["by"]), ("stays", ""))
            self.assertIn("no way back", row["stays_because"])

    def test_tags_and_more_than_one_policy(self):
        policies = self.home.write("two.yaml", """policies:
  - {name: one, resource: ebs-snapshot, filters: [{"tag:Name": database}], actions: [{type: tag, tags: {Owner: ops}}]}
  - {name: two, resource: ebs-snapshot, filters: [{"tag:Name": database}], actions: [{type: remove-tag, tags: [Name]}]}
""")
        table = self.reeve("plan", policies, self.cloud).out
        self.assertRegex(table, r"one +tag Owner=ops")
        self.assertRegex(table, r"two +remove-tag Name ")
        rows = self.rows("plan", policies, self.cloud)
        self.assertEqual([(row["policy"], row["action"], row["change"]) for row in rows],
                         [("one", "tag", "Owner=ops"), ("two", "remove-tag", "Name")])

    def test_guards_that_cannot_be_read_are_seen(self):
        keeps = self.reeve("plan", POLICY, self.cloud, "--faults", self.denied("DescribeLaunchTemplates"))
        self.assertRegex(keeps.out, r"2 +unknown .*Allow ec2:DescribeLaunchTemplates")
        notes = self.reeve("plan", POLICY, self.cloud, "--faults", self.denied("DescribeLockedSnapshots"))
        self.assertRegex(notes.out, r"2 .*whether it is locked could not be read.*Allow ec2:DescribeLockedSnapshots")
        self.assertIn("2 rows cannot be undone", notes.out)

    def test_a_second_look_that_is_denied_says_what_to_allow(self):
        plan = self.ok("plan", POLICY, self.cloud)["plan"]["id"]
        ended = self.reeve("apply", plan, self.cloud, "--faults", self.denied("DescribeSnapshots"))
        self.assertIn("Allow ec2:DescribeSnapshots", ended.out)
        self.assertEqual(len(self.ids(self.cloud)), 6)


class Slips(Output):
    def test_a_path_that_no_record_has(self):
        for where, said in (("Stat=completed", "no record has Stat; nearest: State"), ("Nonsense=1", "no record has Nonsense\n"),
                            ("tag:Nmae=x", "no record has tag:Nmae; nearest: tag:Name")):
            listed = self.reeve("list", "ebs-snapshot", self.cloud, "--ids", "--where", where)
            self.assertEqual((listed.code, listed.out), (0, ""), listed)
            self.assertIn(said, listed.err)
        deep = self.reeve("list", "ec2", self.cloud, "--ids", "--where", "State.Nmae=running")
        self.assertIn("no record has State.Nmae; nearest: State.Name", deep.err)
        for where in ("State=pending", "tag:Name=x", "State!=pending"):
            self.assertNotIn("no record", self.reeve("list", "ebs-snapshot", self.cloud, "--where", where).err)

    def test_empty_values(self):
        for words in (["--limit", ""], ["--limit="], ["--save", ""], ["--prices", ""], ["--profile", ""], ["--state", ""],
                      ["--config", ""], ["--now", ""], ["--region", ""], ["--log-file", ""], ["--faults", ""], [""],
                      ["--sandbox="]):
            error = self.refused(1, "usage", "plan", POLICY, *words)
            self.assertIn("empty", error["message"])
        self.refused(1, "usage", "apply", "p-1", "--rows", "", "--sandbox")
        self.assertEqual(self.reeve("plan", POLICY, self.cloud, env={"REEVE_LIMIT": "", "REEVE_NOW": ""}).code, 0)

    def test_sandbox_by_variable(self):
        for word in ("1", "true", "YES"):
            self.assertEqual(len(self.ok("list", "ebs-snapshot", "--ids", env={"REEVE_SANDBOX": word})["records"]), 300)
        for word in ("0", "false", "No", ""):
            nobody = {"REEVE_SANDBOX": word, "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
            self.refused(2, "credentials", "list", "ebs-snapshot", env=nobody)

    def test_a_name_that_is_too_long(self):
        for length, code in ((128, 0), (129, 1)):
            policy = self.home.write("long.yaml", f"policies:\n  - name: {'a' * length}\n    resource: ebs\n")
            said = self.reeve("validate", policy)
            self.assertEqual(said.code, code, said)
        self.assertIn("at most 128", said.out)

    def test_sentences(self):
        said = self.reeve("plan", "none.yaml", self.cloud)
        self.assertNotRegex(said.err, r"\. [a-z]")


if __name__ == "__main__":
    unittest.main()
