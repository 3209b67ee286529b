"""Chains that are pushed to a cluster and called: hello, transcribe, poems; and what a person reads where a pod cannot
run."""
import base64
import collections
import json
import pathlib
import subprocess
import tempfile
import time

from cluster import SECONDS, Failed, replica_of, say, until
from installation import GPU, NO_IMAGE, SPEECH_MODEL

HELLO = "/chains/hello/production/run_remote"
NAMES = [f"name {i}" for i in range(24)]


def check(holds, otherwise):
    if not holds:
        raise Failed(otherwise)


def pods_by_replica(story, chain):
    return {replica_of(pod): pod["metadata"]["name"] for pod in story.cluster.pods(chain) if replica_of(pod)}


def hello(story):
    """HelloAll and three SayHello in pods of their own; each of the three answers a part of one fan-out."""
    story.push(story.bin / "hello")
    story.chains("scale", "hello", "SayHello", "--min-replica", "3", "--max-replica", "3")
    until(lambda: len(story.replicas("SayHello", "hello")) == 3, lambda: f"three of SayHello; {story.status('hello')}")
    answer = story.ask(HELLO, {"names": ["Ada", "Sid"]})
    check(answer == "Hello, Ada\nHello, Sid", answer)

    def fan_out():
        answer, call = story.receipt(HELLO, {"names": NAMES})
        check(answer.count("Hello, ") == len(NAMES), answer)
        counts = collections.Counter(each["replica"] for each in call["calls"])
        return len(counts) == 3 and (call["replica"], counts, call.get("calls_left_out", 0))

    entry, counts, left_out = until(fan_out, "a fan-out to all three of SayHello")
    pods = pods_by_replica(story, "hello")
    check(set(counts) | {entry} <= set(pods), f"the receipt names {entry}, {counts}; pods have {pods}")
    check(len({pods[each] for each in [entry, *counts]}) == 4, f"replicas share pods: {pods}")
    say(f"one request to HelloAll in {pods[entry]}; its {len(NAMES)} calls of SayHello were answered by "
        + ", ".join(f"{pods[each]} ({count})" for each, count in sorted(counts.items()))
        + (f"; the receipt leaves out {left_out}" if left_out else ""))
    said = story.chains("logs", "hello", "--chainlet", "SayHello").stdout
    check("serving" in said, f"chains logs hello: {said}")


def strangers(story):
    """With mTLS a replica answers those that depend on it, and no pod of another chain, whatever it shows."""
    if not story.mtls:
        say("SKIPPED strangers: replicas show no certificates here (--mtls)")
        return
    other = story.push(story.bin / "hello", "--name", "other")
    callee = next(pod for pod in story.cluster.pods("hello") if (replica_of(pod) or "").startswith("SayHello-"))
    address = callee["status"]["podIP"]

    def call(chain, chainlet, *more):
        """From a pod of that chain, with what lies there."""
        pod = next(each for each in story.cluster.pods(chain) if (replica_of(each) or "").startswith(chainlet + "-"))
        labels, suffix = pod["metadata"]["labels"], replica_of(pod).rsplit("-", 1)[1]
        own = f"/run/chains/replica/{labels['chains.dev/deployment']}/{suffix}/identity/identity.pem"
        shown = ["--cert", own, "--key", own] if not more else []
        return story.cluster.run(
            "exec", "-i", pod["metadata"]["name"], "--", "curl", "-s", "-k", "--http2", *shown, *more, "--max-time", "20",
            "-H", "content-type: application/grpc", "-H", "te: trailers", "-D", "-", "-o", "/dev/null", "--data-binary",
            "@-", f"https://{address}:7001/hello.SayHello/RunRemote", check=False, stdin="\0\0\0\0\5\n\3Ada").stdout

    served = call("hello", "HelloAll")
    check("grpc-status: 0" in served, f"HelloAll was not answered: {served}")
    for chain, chainlet in (("hello", "SayHello"), ("other", "HelloAll"), ("other", "SayHello")):
        refused = call(chain, chainlet)
        check("grpc-status: 7" in refused, f"{chainlet} of {chain} was not refused: {refused}")
    nobody = call("other", "HelloAll", "--http2")
    check("grpc-status" not in nobody, f"who shows nothing got an answer: {nobody}")
    say("a replica of SayHello answered HelloAll of its chain, and refused SayHello, both of another chain, and nobody")
    story.retire(other)


def transcribe(story):
    """It declares a system package, so it needs an image of its own. The settings first name one that is nowhere."""
    if not SPEECH_MODEL.is_dir() or not (story.bin / "transcribe_score").exists():
        say("SKIPPED transcribe: the speech model and its recordings are not installed here (./dev setup)")
        return
    if not story.options.load_images and not story.options.transcribe_image:
        say("SKIPPED transcribe: no image with its package was given (--transcribe-image, chains image)")
        return
    id_ = story.json("push", story.bin / "transcribe", "--no-wait", timeout=2 * SECONDS)["deployment"]["id"]
    line = until(lambda: problem_with(story, "Recognizer", id_, NO_IMAGE),
                 lambda: f"a line about the image: {story.chains('status', '--deployment', id_, check=False).stdout}")
    say(f"chains status, where an image cannot be pulled: {line}")
    check("\n" not in line.strip(), line)
    began = time.monotonic()
    story.apply(story.image("transcribe"))
    until(lambda: is_live(story, id_), lambda: "transcribe to be live: "
          f"{story.chains('status', '--deployment', id_, check=False).stdout}", 2 * SECONDS)
    say(f"with the right image in the settings it was live after {time.monotonic() - began:.1f} s")
    with tempfile.TemporaryDirectory() as folder:
        ask_transcribe(story, pathlib.Path(folder))
    story.retire(id_)


def ask_transcribe(story, folder):
    subprocess.run([story.bin / "transcribe_score", "join", folder], check=True, timeout=SECONDS,
                   stdout=subprocess.DEVNULL)
    media = base64.b64encode((folder / "recordings.wav").read_bytes()).decode()
    began = time.monotonic()
    status, answer, headers = story.post("/chains/transcribe/production/run_remote?receipt=1", {"media": media},
                                         timeout=4 * SECONDS)
    check(status == 200, f"transcribe: {status} {answer}")
    seconds = time.monotonic() - began
    (folder / "response.json").write_text(json.dumps(answer))
    scored = subprocess.run([story.bin / "transcribe_score", "score", folder, folder / "response.json"],
                            capture_output=True, text=True, timeout=SECONDS)
    check(scored.returncode == 0, scored.stdout + scored.stderr)
    recognizers = replicas_of("transcribe.Recognizer", json.loads(headers["Chains-Receipt"])["call"])
    rates = "; ".join(line.strip() for line in scored.stdout.splitlines() if " % " in line)
    say(f"transcribe: a minute of speech in {seconds:.1f} s, recognized in {len(recognizers)} pods; {rates}")


def replicas_of(chainlet, call):
    """Of a receipt: the replicas of `chainlet` that were called, however deep."""
    found = {call["replica"]} if call["chainlet"] == chainlet else set()
    return found.union(*(replicas_of(chainlet, each) for each in call.get("calls", [])))


def gpu_line(story):
    """No node has a GPU: one clear line, and what to do."""
    if story.gpus():
        say(f"SKIPPED the line for a GPU that no node has: there are {story.gpus()}")
        return
    id_ = push_poems(story)
    line = until(lambda: problem_with(story, "PhiLlm", id_, "GPU", GPU), lambda: f"a line about the GPU: "
                 f"{story.chains('status', '--deployment', id_, check=False)}")
    say(f"chains status, where no node has a GPU: {line}")
    check("\n" not in line.strip(), line)
    story.poems = id_


def problem_with(story, chainlet, deployment, *words):
    """The first line of `chains status` on why it waits that has one of these words."""
    found = story.chainlet(chainlet, "--deployment", deployment)
    texts = [found.get("problem", ""), found.get("note", "")]
    return next((text for text in texts if any(word.lower() in text.lower() for word in words)), None)


def is_live(story, deployment):
    return bool(story.status("--deployment", deployment).get("environments"))


def push_poems(story):
    event = story.json("push", story.bin / "poems", "--no-wait", timeout=2 * SECONDS)
    return event["deployment"]["id"]


def poems(story):
    """PhiLlm in a pod that requests a GPU, PoemGenerator in one that does not."""
    if not story.gpus():
        if not story.options.pretend_gpus:
            say("SKIPPED poems: no node has a GPU, and none may pretend to (--pretend-gpus)")
            return
        story.pretend_gpus(2)
    id_ = getattr(story, "poems", None) or push_poems(story)
    until(lambda: is_live(story, id_), lambda: "poems to be live: "
          f"{story.chains('status', '--deployment', id_, check=False).stdout}")
    texts = story.ask("/chains/poems/production/run_remote", {"words": ["bird", "plane"]}, timeout=2 * SECONDS)
    check(len(texts) == 2 and all(texts), texts)
    gpus = {}
    for pod in story.cluster.pods("poems"):
        limits = pod["spec"]["containers"][0]["resources"].get("limits", {})
        gpus[pod["metadata"]["labels"]["chains.dev/chainlets"]] = limits.get(GPU)
    check(gpus.get("PhiLlm") == "1" and "PoemGenerator" in gpus and gpus["PoemGenerator"] is None, f"GPUs: {gpus}")
    say(f"poems: PhiLlm in a pod with {GPU}: 1, PoemGenerator in one without, and {len(' '.join(texts).split())} words")
    story.retire(id_)
