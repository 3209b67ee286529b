"""`chains watch` against a cluster: save, and the next answers change, in the same pods; no request fails."""
import json
import os
import pathlib
import statistics
import sys
import time

from cluster import SECONDS, say, until
from load import Load
from serving import check

RATE = 100
PATH = "/chains/hello/development/run_remote"
REQUEST = json.dumps({"names": ["Ada"]})


def helpers(story):
    """What tests/e2e has for `chains watch`; it reads its programs' folder from the environment."""
    os.environ["BIN"] = str(story.bin)
    os.environ.setdefault("READY_SECONDS", str(SECONDS))
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    import watch_under_test
    return watch_under_test


def pods(story):
    """{name of chainlet: UID of its pod}, once each has one."""
    def ask():
        found = [pod for pod in story.cluster.pods("hello") if pod["metadata"]["labels"]["chains.dev/deployment"] ==
                 story.status("hello", "--environment", "development")["id"]]
        names = [pod["metadata"]["labels"]["chains.dev/chainlets"] for pod in found]
        return sorted(names) == ["HelloAll", "SayHello"] and dict(zip(names, (p["metadata"]["uid"] for p in found)))
    return until(ask, "one pod for each chainlet")


def watch(story):
    if not story.options.prefix:
        say("SKIPPED watch: it builds against an installed Chains, and no --prefix was given")
        return
    under_test = helpers(story)
    os.environ.update({"CMAKE_PREFIX_PATH": story.options.prefix, "KUBECONFIG": story.cluster.kubeconfig,
                       "CHAINS_REMOTE": "kubernetes"})
    project = under_test.Project(story.folder / "hello")
    process = under_test.Watch(story, project, "--run", REQUEST, "--output", "json")
    try:
        process.live(0)
        until(lambda: story.post(PATH, REQUEST)[:2] == (200, "Hello, Ada"), "the first answer")
        before = pods(story)
        saves(story, project, process)
        a_build_error(story, project, process)
        a_crash(story, project, process)
        check(pods(story) == before, f"the pods are others: {before}, now {pods(story)}")
        say("watch: the same pods, by UID, before and after all of it")
    finally:
        process.end_if_running()
    story.retire(story.status("hello", "--environment", "development")["id"])


def saves(story, project, process):
    times, edits = [], story.options.edits
    with Load(story.http, PATH, story.key, REQUEST, RATE) as load:
        for edit in range(edits):
            since, began = process.now(), time.monotonic()
            project.greet(f"Hi {edit}")
            wanted = json.dumps(f"Hi {edit}, Ada")
            until(lambda: wanted in load.seen, lambda: f"answers of edit {edit}; it wrote {process.lines[since:]}",
                  pause=0.005)
            times.append(load.seen[wanted] - began)
            live = process.live(since)
            check(live["changes"] == {"exchanged": ["SayHello"], "unchanged": ["HelloAll"]}, live["changes"])
    check(not load.failures, f"{len(load.failures)} failed under {edits} saves: {load.failures[:10]}")
    say(f"watch: {edits} saves, from the save to the first new answer: median {statistics.median(times):.2f} s of "
        f"{sorted(round(each, 2) for each in times)}; {load.figures()}")
    check(statistics.median(times) < 6, "the median is not under 6 s")


def put_back(story, project, process):
    since = process.now()
    project.restore()
    process.live(since)
    until(lambda: story.post(PATH, REQUEST)[:2] == (200, "Hello, Ada"), "hello as it was")


def a_build_error(story, project, process):
    put_back(story, project, process)
    since = process.now()
    project.edit("say_hello.cc", "SayHelloResponse response;", "SayHelloResponse response")
    failed = process.event("build_failed", "live", since=since)
    check("say_hello.cc" in failed.get("error", {}).get("message", ""), failed)
    check(story.post(PATH, REQUEST)[:2] == (200, "Hello, Ada"), "the old program does not answer")
    shown = next(line for line in failed["error"]["message"].splitlines() if "error:" in line)
    say(f"watch, a build error: {shown.strip()[:160]}; the old program answers")


def a_crash(story, project, process):
    put_back(story, project, process)
    with Load(story.http, PATH, story.key, REQUEST, RATE) as load:
        since = process.now()
        project.edit("say_hello.cc", "namespace hello {\n",
                     'namespace hello {\n\nPolite::Polite() {\n'
                     '  chains::Log(chains::Context(), chains::Severity::kError, "the voice broke");\n'
                     '  std::abort();\n}\n')
        project.edit("hello_chain.h", "class Polite final : public SayHello {\n public:\n",
                     "class Polite final : public SayHello {\n public:\n  Polite();\n")
        failed = process.event("failed", since=since)
        message = failed["error"]["message"]
        check("SayHello" in message and "signal 6" in message and "the voice broke" in message, message)
        until(lambda: load.answers['"Hello, Ada"'] > 0, "the old program's answer")
        sent = load.sent()
        until(lambda: load.sent() > sent + 3 * RATE, "three seconds of load")
        check(story.post(PATH, REQUEST)[:2] == (200, "Hello, Ada"), "the old program does not answer")
    check(not load.failures, f"{len(load.failures)} failed under a crash: {load.failures[:10]}")
    say(f"watch, a crash at the start: {' '.join(message.split())[:200]}; the old program serves: {load.figures()}")
