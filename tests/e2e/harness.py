"""What the end-to-end tests share: the real binary, servers on loopback, and a checker of JSON shapes.

The binary is $REEVE, default build/release/reeve. Nothing of the machine's AWS files or variables is seen by it.
"""

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import unittest
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REEVE = os.path.abspath(os.environ.get("REEVE", os.path.join(ROOT, "build/release/reeve")))
POLICY = os.path.join(ROOT, "policies/stale-snapshots.yaml")
ACCOUNT = "123456789012"
REGION = "us-east-1"


def environment(home, **more):
    """An environment with credentials that the sandbox takes, and nothing else that AWS clients look at."""
    out = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "REEVE_", "XDG_"))}
    out.update(HOME=home, NO_COLOR="1", AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing",
               AWS_REGION=REGION, AWS_EC2_METADATA_DISABLED="true")
    out.update(more)
    return {k: v for k, v in out.items() if v is not None}


def interruptible():
    # A test that was started in the background inherits an ignored SIGINT.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Ended:
    """How a process ended: code, out, err; `json` is the whole standard output."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return f"exit {self.code}\n--- stdout\n{self.out[:900]}\n--- stderr\n{self.err[-1500:]}"


class Started:
    """A process under way. It is ended by its id."""

    def __init__(self, argv, env):
        self.process = subprocess.Popen(argv, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, preexec_fn=interruptible)

    def send(self, number):
        self.process.send_signal(number)

    def stop(self):
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()

    def end(self, timeout=60):
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"it did not end in {timeout} s: {Ended(self.process.returncode, out, err)}") from None
        finally:
            self.process.stdout.close()
            self.process.stderr.close()
        return Ended(self.process.returncode, out, err)


class Home:
    """A folder for one test: state, files, HOME."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="reeve-e2e-")
        self.path = self._folder.name
        self.state = os.path.join(self.path, "state")

    def close(self):
        self._folder.cleanup()

    def write(self, name, content):
        path = os.path.join(self.path, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(content if isinstance(content, str) else json.dumps(content))
        return path

    def start(self, *args, env=None):
        return Started([REEVE, *args], environment(self.path, **{"REEVE_STATE": self.state, **(env or {})}))

    def reeve(self, *args, env=None, timeout=60):
        return self.start(*args, env=env).end(timeout)


class Server:
    """A process that serves on loopback until it is stopped; `url` is where."""

    def __init__(self, argv, env, announced):
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(argv, env=env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=self._log, text=True)
        line = self.process.stdout.readline()
        found = re.search(announced, line)
        if not found:
            self._log.seek(0)
            said = self._log.read()
            self.stop()
            raise AssertionError(f"it does not serve: {line!r} {said!r}")
        self.url = found.group(1)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._log.close()

    def get(self, page):
        with urllib.request.urlopen(self.url + page) as answer:
            return json.load(answer)

    def calls(self, operation):
        """How often the sandbox was asked for ec2.DeleteSnapshot, say."""
        return self.get("/_sandbox/calls").get(operation, 0)

    def snapshots(self):
        """The ids of the snapshots that are there, by the sandbox's own account of itself."""
        return {s["SnapshotId"] for s in self.get("/_sandbox/state")["accounts"][ACCOUNT]["regions"][REGION]["snapshots"]}


def sandbox(home, *args):
    """`reeve sandbox` on a port of its own choice."""
    return Server([REEVE, "sandbox", "--port", "0", *args], environment(home.path), r"listening on (\S+)")


def until(condition, seconds=20):
    """Waits for what another process does."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            raise AssertionError("it did not come to that in time")
        time.sleep(0.02)


# --- Shapes -----------------------------------------------------------------------------------------------------------
# str, int, bool, float (any number) or None are themselves; [S] is a list of S; {key: S} is exactly these keys (with
# "?" behind a key: it may be absent); {str: S} is any keys; a set of texts is one of them; a tuple is one of its shapes.

def misfits(value, shape, at="$"):
    """What of a JSON value does not have the shape, a line each."""
    if shape is None:
        return [] if value is None else [f"{at}: {value!r} is not null"]
    if shape is float:
        return [] if isinstance(value, (int, float)) and not isinstance(value, bool) else [f"{at}: {value!r} is no number"]
    if shape is int:
        return [] if isinstance(value, int) and not isinstance(value, bool) else [f"{at}: {value!r} is no integer"]
    if isinstance(shape, type):
        return [] if isinstance(value, shape) else [f"{at}: {value!r} is no {shape.__name__}"]
    if isinstance(shape, re.Pattern):
        return [] if isinstance(value, str) and shape.fullmatch(value) else [f"{at}: {value!r} is not {shape.pattern}"]
    if isinstance(shape, set):
        return [] if value in shape else [f"{at}: {value!r} is none of {sorted(shape)}"]
    if isinstance(shape, tuple):
        tried = [misfits(value, one, at) for one in shape]
        return min(tried, key=len)
    if isinstance(shape, list):
        if not isinstance(value, list):
            return [f"{at}: {value!r} is no list"]
        return [m for i, item in enumerate(value) for m in misfits(item, shape[0], f"{at}[{i}]")]
    if not isinstance(value, dict):
        return [f"{at}: {value!r} is no object"]
    if str in shape:
        return [m for key, item in value.items() for m in misfits(item, shape[str], f"{at}.{key}")]
    members = {key.rstrip("?"): one for key, one in shape.items()}
    out = [f"{at}: {key} is missing" for key in shape if not key.endswith("?") and key not in value]
    out += [f"{at}: {key} should not be there" for key in value if key not in members]
    return out + [m for key, one in members.items() if key in value for m in misfits(value[key], one, f"{at}.{key}")]


TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
PLAN_ID = re.compile(r"p-\d{8}T\d{6}-[0-9a-f]{6}")
RUN_ID = re.compile(r"r-\d{8}T\d{6}-[0-9a-f]{6}")
ROW_ID = re.compile(r"[0-9a-f]{8,}")
CALLS = {str: int}
ERROR = {"code": re.compile(r"[a-z_]+"), "message": re.compile(r"(?s).+"), "operation": str, "resource": str, "hint": str,
         "aws": (None, {"code": str, "status": int, "request_id": str}), "cause?": str}
ERROR_DOCUMENT = {"format": {1}, "error": ERROR}
CLASSES = {"exact", "approximate", "none"}
ROW = {"row": ROW_ID, "after": [ROW_ID], "policy": str, "kind": str, "records": [str], "id?": str, "account": str,
       "region": str, "action": str, "why": [{"filter": str, "verdict": {"yes", "no", "unknown"}, "evidence": dict}],
       "steps": [{"type": {"call", "wait", "send"}, "service": str, "operation": str, "params": dict}],
       "undo": {"class": CLASSES, "means": (None, {"service": str, "operation": str}), "until": (None, TIME)},
       "saves": {"likely": (None, float), "at_most": (None, float), "from": str, "price_date": str},
       "risk": {"level": {"low", "medium", "high"}, "reasons": [str]}}
POLICY_HEAD = {"name": str, "kind": str, "hash": re.compile(r"[0-9a-f]{64}"), "account": str, "region": str, "seen": int,
               "matched": int, "planned": int, "skipped?": str, "limit": {"allowed": (None, int), "counted": int, "exceeded": bool}}
PLAN_HEAD = {"id": PLAN_ID, "scopes": [{"partition": str, "account": str, "regions": [str]}],
             "trigger": {"type": {"manual", "schedule", "event"}, "id": (None, str)}, "created": TIME, "expires": TIME,
             "digest": re.compile(r"[0-9a-f]{64}"), "signature": None, "complete": bool, "policies": [POLICY_HEAD]}
KEPT = {"policy": str, "kind": str, "id": str, "account": str, "region": str,
        "reason": {"code": re.compile(r"[a-z-]+"), "message": str}}
PLAN = {"format": {1}, "plan": PLAN_HEAD, "rows": [ROW], "kept": [KEPT], "errors": [ERROR], "calls": CALLS}
OUTCOMES = {"done", "failed", "drifted", "skipped", "in_doubt"}
RUN_HEAD = {"id": RUN_ID, "plan": PLAN_ID, "verb": {"apply", "run", "undo"}, "started": (str, TIME),
            "state": {"done", "failed", "interrupted", "in_doubt"}, **{outcome: int for outcome in OUTCOMES}}
OUTCOME = {"row": ROW_ID, "id": str, "action": str, "outcome": OUTCOMES, "undo": CLASSES, "error": (None, ERROR)}
RUN = {"format": {1}, "run": RUN_HEAD, "rows": [OUTCOME], "calls": CALLS}
RUN_VERB = {"format": {1}, "plan": PLAN_HEAD, "run": RUN_HEAD, "rows": [{**ROW, "outcome": OUTCOMES, "error": (None, ERROR)}],
            "kept": [KEPT], "errors": [ERROR], "calls": CALLS}


# Six snapshots, of which the shipped policy takes two: one of no volume, one (not the newest) of a volume that is gone.
ESTATE = """
format: 1
snapshots:
  - {SnapshotId: snap-0000000000000001a, StartTime: -40d, VolumeSize: 50}
  - {SnapshotId: snap-0000000000000002a, VolumeId: vol-00000000000000d1e, StartTime: -60d, VolumeSize: 100}
  - {SnapshotId: snap-0000000000000003a, VolumeId: vol-00000000000000d1e, StartTime: -50d, VolumeSize: 100}
  - {SnapshotId: snap-0000000000000004a, VolumeId: vol-00000000000000a1e, StartTime: -50d, Tags: {Name: database}}
  - {SnapshotId: snap-0000000000000005a, StartTime: -3d}
  - {SnapshotId: snap-0000000000000006a, StartTime: -50d, Tags: {"reeve:protect": ""}}
volumes:
  - {VolumeId: vol-00000000000000a1e, Attachments: [{InstanceId: i-00000000000000a1e, Device: /dev/xvda}]}
instances:
  - {InstanceId: i-00000000000000a1e, State: running}
bin_rules:
  - {Identifier: weeklyrule1, RetentionDays: 7}
"""
STALE = ["snap-0000000000000001a", "snap-0000000000000002a"]


class Contract(unittest.TestCase):
    """A test of the binary with a folder of its own; with `-o json` answers are checked by their shape."""

    maxDiff = None

    def setUp(self):
        self.home = Home()
        self.addCleanup(self.home.close)

    def reeve(self, *args, env=None):
        return self.home.reeve(*args, env=env)

    def fits(self, value, shape):
        self.assertEqual(misfits(value, shape), [])

    def ok(self, *args, code=0, env=None):
        """Ends with the code; standard output is one JSON document, which is handed back."""
        ended = self.reeve(*args, "-o", "json", env=env)
        self.assertEqual(ended.code, code, ended)
        return ended.json

    def refused(self, code, name, *args, env=None):
        """Ends with the exit code and an error document of that code, which is handed back."""
        ended = self.reeve(*args, "-o", "json", env=env)
        self.assertEqual(ended.code, code, ended)
        self.fits(ended.json, ERROR_DOCUMENT)
        self.assertEqual(ended.json["error"]["code"], name, ended)
        return ended.json["error"]

    def ids(self, *args):
        return self.ok("list", "ebs-snapshot", "--ids", *args)["records"]
