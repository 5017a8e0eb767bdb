#!/usr/bin/env python3
"""Checks that the compiler cannot: the rules of the house that a search of the text can hold up.

    tests/lint/lint.py               checks the repository
    tests/lint/lint.py --self-test   plants one breach of every rule and expects each to be found

Prints "file:line: rule: what" for each breach and ends with 1 if there is any.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

# --- What is looked for -------------------------------------------------------------------------------------------------

# Files that are the seams' real side: they alone may reach for the world, and only for what they are about.
ANYTHING = re.compile(r"src/base/real_[a-z_]+\.(cc|h)$")
# The transport library's own loop, sockets and threads stay inside these files of aws (idea 1 of the design).
TRANSPORT = re.compile(r"src/aws/(crt|http|transport)[a-z_]*\.(cc|h)$")
TEST = re.compile(r"_test\.cc$|^src/[a-z]+/testing/")

# rule, pattern, files (beside the real seams) that may. Comments and string literals are blanked before the search.
WORLD = [
    ("time", r"\b(system_clock|steady_clock|high_resolution_clock|utc_clock|clock_gettime|gettimeofday|timespec_get)\b"
             r"|(?<![\w.>:])(std::)?(time|localtime|gmtime|mktime)(_r)?\s*\(\s*(NULL|nullptr|0|&|\))"
             r"|\bthis_thread::sleep|\b(usleep|nanosleep)\s*\(", TRANSPORT),
    ("chance", r"\b(random_device|mt19937(_64)?|default_random_engine|getrandom|arc4random|RAND_bytes)\b|(?<![\w.>])s?rand\s*\(", None),
    ("files", r"\b(fopen|freopen|tmpfile|mkstemp|mkdtemp|opendir|fdopen)\s*\(|\b(i|o)?fstream\b|std::filesystem|<(filesystem|fcntl\.h|sys/(stat|file|mman)\.h)>"
              r"|(?<![\w.>:])::(open|openat|creat|unlink|rename|mkdir|rmdir|stat|remove|fsync|flock|truncate)\s*\(", None),
    ("network", r"<sys/socket\.h>|<netinet/|<netdb\.h>|(?<![\w.>])(::)?(socket|getaddrinfo|gethostbyname|setsockopt)\s*\(", TRANSPORT),
    ("environment", r"\b(secure_)?getenv\b|\b(setenv|putenv|unsetenv)\s*\(|\benviron\b|<pwd\.h>|\bgethostname\s*\(|\bgetpid\s*\(", None),
    ("process", r"(?<![\w.>])(std::|::)?(system|popen|fork|vfork|posix_spawnp?|execl[pe]?|execv[pe]?)\s*\(|<spawn\.h>", None),
    ("thread", r"\bstd::(thread|jthread|async)\b|<thread>|\bpthread_create\b", None),
]

LONGEST_FILE = 600
LONG_FILES_ALLOWED = {
    # "src/room/file.cc": "why it cannot be shorter",
}
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")  # split, so that this file does not find itself
MACHINE_PATH = re.compile(r"(?<![\w.~/:$}>])/(work|home|root|Users|mnt)/[\w.-]+")
# Places that stand for themselves in simulated worlds and in examples, not on somebody's machine.
MACHINE_PATH_ALLOWED = re.compile(r"/home/(reeve|user|you|me|alice|ec2-user)\b|/root/\.aws\b")
TEXT_SUFFIXES = {".cc", ".h", ".py", ".sh", ".md", ".yaml", ".yml", ".json", ".txt", ".cmake", ".def", ".html", ".js", ".css", ""}


# --- Reading ------------------------------------------------------------------------------------------------------------

def blank(text):
    """The same text, lines kept, with comments and the inside of literals blanked."""
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\((?:.*?)\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)

    def empty(match):
        found = match.group(0)
        if found.startswith('"') and text.rfind("#include", text.rfind("\n", 0, match.start()) + 1, match.start()) >= 0:
            return found  # the name of an include
        if found.startswith("'") and match.start() > 0 and text[match.start() - 1].isalnum():
            return found  # a digit separator
        return re.sub(r"[^\n]", " ", found)

    return pattern.sub(empty, text)


def tracked(root):
    try:
        out = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, check=True).stdout
        names = [n for n in out.decode().split("\0") if n]
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        names = [str(p.relative_to(root)) for p in root.rglob("*") if p.is_file() and "build" not in p.relative_to(root).parts[:1]]
    return sorted(n for n in names if (root / n).is_file())


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def allowed_rooms(root):
    """room -> rooms it may include: what its LINKS reach, itself included."""
    direct = {}
    for match in re.finditer(r"reeve_room\(\s*(\w+)([^)]*)\)", (root / "src/CMakeLists.txt").read_text()):
        words = match.group(2).split()
        links, taking = [], False
        for word in words:
            if word in ("EXTERNAL", "GENERATED", "LINKS"):
                taking = word == "LINKS"
            elif taking:
                links.append(word)
        direct[match.group(1)] = links

    def reach(room, seen):
        for link in direct.get(room, []):
            if link not in seen:
                seen.add(link)
                reach(link, seen)
        return seen

    return {room: reach(room, {room}) for room in direct}


# --- Rules --------------------------------------------------------------------------------------------------------------

def check_source(root, name, text, rooms, report):
    code = blank(text)
    if name.startswith("src/") and not TEST.search(name) and not ANYTHING.match(name):
        for rule, pattern, others in WORLD:
            if others and others.match(name):
                continue
            for found in re.finditer(pattern, code):
                report(name, line_of(code, found.start()), rule,
                       f"'{found.group(0).strip()}' reaches past the seams; take it from base/seams.h")
    for found in re.finditer(r'#\s*include\s*"([^"]+)"', code):
        target = found.group(1)
        line = line_of(code, found.start())
        if target.startswith("../") or "/../" in target:
            report(name, line, "include", f'"{target}": name the room instead, such as "base/result.h"')
        parts = name.split("/")
        if parts[0] == "src" and len(parts) > 2 and not re.search(r"_test\.cc$", name):
            room, other = parts[1], target.split("/")[0]
            if other in rooms and room in rooms and other not in rooms[room]:
                report(name, line, "rooms", f"{room} includes {other}, which its LINKS in src/CMakeLists.txt do not reach")
    if name.endswith(".h"):
        for found in re.finditer(r"^\s*using\s+namespace\b", code, re.M):
            report(name, line_of(code, found.start()), "using-namespace", "not in a header")
    lines = text.count("\n")
    if lines > LONGEST_FILE and name not in LONG_FILES_ALLOWED:
        report(name, lines, "long-file", f"{lines} lines; at most {LONGEST_FILE}: one idea a file")


def check_text(name, text, report):
    for found in UNFINISHED.finditer(text):
        report(name, line_of(text, found.start()), "unfinished", f"'{found.group(0)}': finish it, or file it as an issue")
    for found in MACHINE_PATH.finditer(text):
        if not MACHINE_PATH_ALLOWED.match(found.group(0)):
            report(name, line_of(text, found.start()), "machine-path", f"'{found.group(0)}' is a place on one machine")


def check_errors(root, report):
    codes = re.findall(r"^CODE\((\w+),", (root / "src/base/error_codes.def").read_text(), re.M)
    page = root / "docs/errors.md"
    listed = re.findall(r"^\| `(\w+)` \|", page.read_text(), re.M) if page.exists() else []
    for code in codes:
        if code not in listed:
            report("docs/errors.md", 1, "errors", f"'{code}' of error_codes.def is missing")
    for code in listed:
        if code not in codes:
            report("docs/errors.md", 1, "errors", f"'{code}' is not in error_codes.def: a code is never renamed or removed")
    for name, of in (("error_codes.def", codes), ("docs/errors.md", listed)):
        for code in sorted({c for c in of if of.count(c) > 1}):
            report(name, 1, "errors", f"'{code}' stands twice")


def lint(root):
    found = []

    def report(name, line, rule, what):
        found.append((name, line, rule, what))

    rooms = allowed_rooms(root)
    for name in tracked(root):
        path = root / name
        if path.suffix not in TEXT_SUFFIXES or path.stat().st_size > 1 << 20:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # bytes for a test
        check_text(name, text, report)
        if path.suffix in (".cc", ".h") and name.split("/")[0] in ("src", "tests", "bench"):
            check_source(root, name, text, rooms, report)
    check_errors(root, report)
    return found


# --- Proof that it bites ------------------------------------------------------------------------------------------------

PLANTED = [  # file, content, the rule that must find it
    ("src/top/a1.cc", "auto t = std::chrono::system_clock::now();\n", "time"),
    ("src/top/a2.cc", "auto t = time(nullptr);\n", "time"),
    ("src/top/a3.cc", "std::random_device chance;\n", "chance"),
    ("src/top/a4.cc", "int x = rand();\n", "chance"),
    ("src/top/a5.cc", "std::ofstream out;\n", "files"),
    ("src/top/a6.cc", "FILE* f = fopen(name, mode);\n", "files"),
    ("src/top/a7.cc", "int fd = ::open(name, 0);\n", "files"),
    ("src/top/a8.cc", "#include <filesystem>\n", "files"),
    ("src/top/a0.cc", "#include <fcntl.h>\n", "files"),
    ("src/top/a9.cc", "int s = socket(1, 2, 3);\n", "network"),
    ("src/top/b1.cc", "auto* v = std::getenv(name);\n", "environment"),
    ("src/top/b2.cc", "system(command);\n", "process"),
    ("src/top/b3.cc", "auto* p = popen(command, mode);\n", "process"),
    ("src/top/b4.cc", "if (fork() == 0) {}\n", "process"),
    ("src/top/b5.cc", "std::jthread t;\n", "thread"),
    ("src/top/b6.cc", '#include "../low/x.h"\n', "include"),
    ("src/low/b7.cc", '#include "top/x.h"\n', "rooms"),
    ("src/side/b7.cc", '#include "top/x.h"\n', "rooms"),
    ("src/top/b8.h", "using namespace std;\n", "using-namespace"),
    ("src/top/b9.cc", "\n" * 601, "long-file"),
    ("src/top/c1.cc", "// TO" "DO: later\n", "unfinished"),
    ("docs/c2.md", "FIX" "ME\n", "unfinished"),
    ("docs/c3.md", "see /wor" "k/main/x\n", "machine-path"),
    ("tests/c4.py", "open('/hom" "e/somebody/x')\n", "machine-path"),
]
HARMLESS = [
    ("src/top/ok1.cc", '// system_clock in a comment\nauto s = "std::ofstream, rand()";\nauto t = now.time(); auto& c = loop.clock(); Clock& clock();\n'),
    ("src/top/ok2.cc", '#include "low/x.h"\n#include "top/y.h"\nauto f = disk.open(path, how);\nx.rename(a, b);\n'),
    ("src/top/ok3.cc", "constexpr int n = 1'000'000; auto o = random.below(5); clock.wall(); task.system();\n"),
    ("src/top/ok4.cc", 'auto r = R"(time(nullptr); fork())";\n// "unbalanced quote in a comment\nint y = 1;\n'),
    ("src/base/real_disk.cc", "int fd = ::open(name, 0);\n"),
    ("docs/ok.md", "/home/reeve/.aws is an example; https://example.com/home/page too\n"),
]


def self_test():
    failures = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)

        def put(name, content):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

        put("src/CMakeLists.txt", "reeve_room(base)\nreeve_room(low LINKS base EXTERNAL fmt)\nreeve_room(side LINKS low)\n"
                                  "reeve_room(top LINKS low)\n")
        put("src/base/error_codes.def", 'CODE(usage, "u")\nCODE(io, "i")\n')
        put("docs/errors.md", "| `usage` | u |\n| `io` | i |\n")
        for name, content in HARMLESS:
            put(name, content)
        for breach in lint(root):
            failures.append(f"harmless, but found: {breach}")
        for name, content, rule in PLANTED:
            put(name, content)
            hits = [b for b in lint(root) if b[0] == name and b[2] == rule]
            if not hits:
                failures.append(f"planted, but not found: {rule} in {name}: {content.strip()[:60]}")
            (root / name).unlink()
        for page, what in (("| `usage` | u |\n", "missing"), ("| `usage` | u |\n| `io` | i |\n| `gone` | g |\n", "removed"),
                           ("| `usage` | u |\n| `io` | i |\n| `io` | i |\n", "twice")):
            put("docs/errors.md", page)
            if not any(b[2] == "errors" for b in lint(root)):
                failures.append(f"planted, but not found: an error code {what}")
    for failure in failures:
        print(failure)
    print(f"lint self-test: {len(PLANTED) + 3} planted breaches, {len(HARMLESS)} harmless files, {len(failures)} failures")
    return 1 if failures else 0


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    found = lint(pathlib.Path(__file__).resolve().parents[2])
    for name, line, rule, what in found:
        print(f"{name}:{line}: {rule}: {what}")
    print(f"lint: {len(found)} breaches")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
