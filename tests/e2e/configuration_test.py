"""What the configuration protects, at plan, at apply and at undo, and what becomes of a configuration that is wrong.

    REEVE=build/debug/reeve python3 tests/e2e/configuration_test.py

Needs nothing but Python.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ESTATE, POLICY, STALE, Contract  # noqa: E402


class Configuration(Contract):
    def setUp(self):
        super().setUp()
        self.estate = self.home.write("estate.yaml", ESTATE)
        self.cloud = f"--sandbox={self.estate}"

    def config(self, text, name="reeve.yaml"):
        return f"--config={self.home.write(name, 'format: 1' + chr(10) + text)}"

    def kept(self, plan):
        return {kept["id"]: kept["reason"] for kept in plan["kept"]}

    def test_plan_keeps_what_it_protects(self):
        protects = self.config(f"protect:\n  - id: {STALE[0]}\n    reason: evidence of case 4711\n    until: 2999-01-31\n")
        plan = self.ok("plan", POLICY, self.cloud, protects)
        self.assertEqual([row["id"] for row in plan["rows"]], STALE[1:])
        reason = self.kept(plan)[STALE[0]]
        self.assertEqual(reason["code"], "protected")
        self.assertIn("evidence of case 4711", reason["message"])
        self.assertIn("line 3", reason["message"])
        self.assertIn("until 2999-02-01", reason["message"])
        over = self.config(f"protect: [{{id: {STALE[0]}, until: 2020-01-31}}]")
        self.assertEqual([row["id"] for row in self.ok("plan", POLICY, self.cloud, over)["rows"]], STALE)
        by_kind = self.config("protect: [{id: 'snap-*', kind: ebs-snapshot, region: 'us-*'}]")
        self.assertEqual(self.ok("plan", POLICY, self.cloud, by_kind)["rows"], [])
        elsewhere = self.config("protect: [{id: 'snap-*', region: 'eu-*'}, {id: 'snap-*', kind: ebs}]")
        self.assertEqual([row["id"] for row in self.ok("plan", POLICY, self.cloud, elsewhere)["rows"]], STALE)

    def test_apply_judges_by_the_configuration_of_now(self):
        plan = self.ok("plan", POLICY, self.cloud)
        protects = self.config(f"protect: [{{id: '*{STALE[0][5:]}', reason: asked for by the auditors}}]")
        run = self.ok("apply", plan["plan"]["id"], self.cloud, protects)
        self.assertEqual({row["id"]: row["outcome"] for row in run["rows"]}, {STALE[0]: "drifted", STALE[1]: "done"})
        self.assertIn("asked for by the auditors", [row for row in run["rows"] if row["id"] == STALE[0]][0]["error"]["message"])
        self.assertIn(STALE[0], self.ids(self.cloud))
        self.assertNotIn(STALE[1], self.ids(self.cloud))

    def test_undo_judges_by_it_too(self):
        policy = self.home.write("tag.yaml", "policies:\n  - name: mark\n    resource: aws.ebs-snapshot\n"
                                             "    filters: ['tag:Name': database]\n"
                                             "    actions: [{type: tag, key: seen, value: x}]\n")
        run = self.ok("run", policy, self.cloud)
        self.assertEqual(run["run"]["done"], 1)
        undone = self.ok("undo", run["run"]["id"], self.cloud, self.config("protect: [{tag: Name=data*}]"))
        self.assertEqual([row["outcome"] for row in undone["rows"]], ["drifted"])
        self.assertIn("the configuration protects it", undone["rows"][0]["error"]["message"])
        self.assertEqual(self.ok("undo", run["run"]["id"], self.cloud)["run"]["done"], 1)

    def test_where_it_is_found(self):
        text = f"format: 1\nprotect: [{{id: {STALE[0]}}}]\n"
        for variable, folder in (("HOME", ".config/reeve"), ("XDG_CONFIG_HOME", "reeve")):
            home = os.path.join(self.home.path, variable)
            os.makedirs(os.path.join(home, folder))
            path = os.path.join(home, folder, "config.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            env = {variable: home}
            self.assertEqual([row["id"] for row in self.ok("plan", POLICY, self.cloud, env=env)["rows"]], STALE[1:])
            report = self.ok("doctor", self.cloud, env=env)["doctor"]["configuration"]
            self.assertEqual(report, {"file": path, "protects": 1, "expired": 0})
        named = self.config("protect: []").split("=")[1]
        plan = self.ok("plan", POLICY, self.cloud, env={**env, "REEVE_CONFIG": named})
        self.assertEqual([row["id"] for row in plan["rows"]], STALE)

    def test_what_is_wrong_never_ends_as_no_protection(self):
        for text, said in ((f"protcet: [{{id: {STALE[0]}}}]", 'did you mean "protect"?'),
                           ("protect: [{id: a, kind: ebs-snapshto}]", 'did you mean "ebs-snapshot"?'),
                           ("own: {buckt: a}", "journal_bucket"), ("protect: [{reason: b}]", 'needs "id" or "tag"')):
            error = self.refused(1, "invalid_input", "plan", POLICY, self.cloud, self.config(text))
            self.assertIn(said, error["message"])
            self.assertRegex(error["message"], r"reeve\.yaml:2:\d+: ")
        self.refused(1, "not_found", "plan", POLICY, self.cloud, "--config", os.path.join(self.home.path, "none.yaml"))
        self.refused(1, "invalid_input", "plan", POLICY, self.cloud, "--config", self.home.path)
        for name, nothing in (("empty.yaml", ""), ("comment.yaml", "# protect: [{id: a}]\n"), ("marker.yaml", "---\n")):
            error = self.refused(1, "invalid_input", "plan", POLICY, self.cloud, "--config", self.home.write(name, nothing))
            self.assertIn("format: 1", error["message"])
        self.refused(1, "invalid_input", "plan", POLICY, self.cloud, self.config("protect:\n"))
        self.refused(1, "usage", "plan", POLICY, self.cloud, env={"REEVE_CONFIG": ""})
        os.makedirs(os.path.join(self.home.path, ".config"))
        link = os.path.join(self.home.path, ".config/reeve")
        os.symlink("gone", link)  # the folder's end is gone, then the file's
        self.refused(1, "invalid_input", "plan", POLICY, self.cloud)
        os.remove(link)
        os.makedirs(link)
        self.assertEqual([row["id"] for row in self.ok("plan", POLICY, self.cloud)["rows"]], STALE)  # none was made
        os.symlink("gone.yaml", os.path.join(link, "config.yaml"))
        self.refused(1, "invalid_input", "plan", POLICY, self.cloud)
        os.remove(os.path.join(link, "config.yaml"))
        os.makedirs(os.path.join(self.home.path, ".config/reeve/config.yaml"))  # no file: it cannot be read
        self.refused(1, "invalid_input", "plan", POLICY, self.cloud)


if __name__ == "__main__":
    unittest.main()
