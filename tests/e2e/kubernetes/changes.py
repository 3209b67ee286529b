"""What changes while requests come: more and fewer replicas, pods that are killed, other versions, a platform that is
gone for a while. None of it may fail a request."""
import json
import threading
import time

from cluster import SECONDS, is_ready, say, until
from load import Load
from serving import HELLO, NAMES, check

VERSIONS = "/chains/versions/production/run_remote"
RATE = 100
QUICK = ["--autoscaling-window", "10s", "--scale-down-delay", "5s", "--max-scale-down-rate", "50"]


def hello_load(story, rate=RATE):
    return Load(story.http, HELLO, story.key, json.dumps({"names": ["Ada"]}), rate)


def none_failed(load, what):
    check(not load.failures, f"{what}: {len(load.failures)} of {load.sent()} failed: {load.failures[:10]}")
    say(f"{what}: {load.figures()}")


def ramp(story):
    """Little, then much, then little: SayHello follows, HelloAll stays."""
    story.chains("scale", "hello", "SayHello", "--min-replica", "1", "--max-replica", "3", *QUICK)
    until(lambda: len(story.cluster.pods("hello", "SayHello")) == 1, "one pod of SayHello")
    (entry,) = story.cluster.ready_pods("hello", "HelloAll")
    failures, ending, began = [], threading.Event(), time.monotonic()

    def hammer():
        while not ending.is_set():
            try:
                status, answer, _ = story.post(HELLO, {"names": [*NAMES, *NAMES, *NAMES, *NAMES]})
            except OSError as problem:
                status, answer = 0, repr(problem)
            if status != 200:
                failures.append((status, answer))

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: len(story.cluster.ready_pods("hello", "SayHello")) == 3, "three pods of SayHello")
        up = time.monotonic() - began
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    began = time.monotonic()
    until(lambda: len(story.cluster.pods("hello", "SayHello")) == 1, "one pod of SayHello again")
    down = time.monotonic() - began
    check(not failures, f"{len(failures)} requests of the ramp failed: {failures[:5]}")
    check(set(story.cluster.ready_pods("hello", "HelloAll")) == {entry}, "HelloAll has another pod")
    why = next(each["why"] for each in story.chainlet("SayHello", "hello")["changes"] if each.get("to") == 3)
    say(f"ramp: SayHello from 1 to 3 pods after {up:.1f} s of load ({why}), back to 1 {down:.1f} s after it")


def kill(story):
    """A pod is deleted, and one by force, under load. What that cuts off is asked again: the contract allows it."""
    story.chains("scale", "hello", "SayHello", "--min-replica", "3", "--max-replica", "3")
    until(lambda: len(story.cluster.ready_pods("hello", "SayHello")) == 3, "three pods of SayHello")
    with hello_load(story) as load:
        for flags in ([], ["--force", "--grace-period=0"]):
            victim = sorted(story.cluster.ready_pods("hello", "SayHello"))[0]
            began, sent = time.monotonic(), load.sent()
            story.cluster.run("delete", "pod", victim, "--wait=false", *flags)
            until(lambda: victim not in story.cluster.names("pods") and
                  len(story.cluster.ready_pods("hello", "SayHello")) == 3, "a pod in its place")
            until(lambda: load.sent() > sent + RATE, "a second of load")
            say(f"kubectl delete pod {' '.join(flags)}: another was ready after {time.monotonic() - began:.1f} s")
    none_failed(load, f"pods killed at {RATE}/s")


def promote(story):
    """Versions one and two by turns, each request in one of them alone."""
    one = story.push(story.bin / "versions_one")
    for chainlet in ("Inner", "Outer"):
        story.chains("scale", "versions", chainlet, "--min-replica", "1", "--max-replica", "1")
    with Load(story.http, VERSIONS, story.key, '{"text": "x"}', RATE) as load:
        two = story.push(story.bin / "versions_two", "--promote")
        until(lambda: load.answers['"2 2"'] > RATE, "answers of the second version")
        times = []
        for command, wanted in ((("rollback", "versions"), '"1 1"'), (("promote", two), '"2 2"'),
                                (("promote", one), '"1 1"')):
            before, began = load.answers[wanted], time.monotonic()
            story.chains(*command)
            until(lambda: load.answers[wanted] > before, f"answers {wanted}", pause=0.005)
            times.append(time.monotonic() - began)
            until(lambda: load.answers[wanted] > before + RATE, f"a second of answers {wanted}")
    none_failed(load, f"promote and rollback at {RATE}/s")
    check(set(load.answers) == {'"1 1"', '"2 2"'}, f"a request saw two versions: {load.answers}")
    say("from the command to the first answer of the other version: " + ", ".join(f"{t:.2f} s" for t in times))
    story.chains("delete", two)
    its = "pods,secrets,services,deployments,configmaps", f"chains.dev/deployment={two}"
    until(lambda: not story.cluster.names(*its), "all of the deleted deployment to be gone")
    story.retire(one)


def platform_killed(story):
    """The platform's pod goes in the middle of it; chains serve on, and the next one knows all of them."""
    before = {name: story.cluster.ready_pods("hello", name) for name in ("HelloAll", "SayHello")}
    selector = "app.kubernetes.io/name=chains-platform"
    with hello_load(story) as load:
        (old,) = story.cluster.names("pods", selector)
        began = time.monotonic()
        story.cluster.run("delete", "pod", old, "--force", "--grace-period=0", "--wait=false")
        until(lambda: any(is_ready(pod) and pod["metadata"]["name"] != old
                          for pod in story.cluster.items("pods", selector)), "another platform")
        ready = time.monotonic() - began
        until(lambda: story.chains("status", "hello", check=False).returncode == 0, "its answer")
        until(lambda: {name: story.cluster.ready_pods("hello", name) for name in before} == before,
              lambda: f"the pods and replicas of before, {before}")
        sent = load.sent()
        until(lambda: load.sent() > sent + 3 * RATE, "three seconds of load")
    none_failed(load, f"platform killed at {RATE}/s, another ready after {ready:.1f} s with the same pods and replicas")


def zero(story):
    """Nothing runs where nobody asks; the next request wakes it."""
    for chainlet in ("SayHello", "HelloAll"):
        story.chains("scale", "hello", chainlet, "--min-replica", "0", "--max-replica", "1", *QUICK[:2],
                     "--scale-down-delay", "1s")
    until(lambda: not story.cluster.pods("hello"), "hello to sleep", 2 * SECONDS)
    check("SCALED_TO_ZERO" in story.status("hello")["state"], story.status("hello")["state"])
    began = time.monotonic()
    answer = story.ask(HELLO, {"names": ["Ada"]})
    check(answer == "Hello, Ada", answer)
    say(f"scaled to zero, and woken by a request that took {time.monotonic() - began:.1f} s")
