"""Recorded speech through the transcribe chain, with one recognizer and with two."""

import contextlib
import http.client
import json
import os
import wave

from processes import Failed, Server, cpu_seconds, run
from rows import Row, ratios

SECONDS = 18  # of speech
CHUNK_SECONDS = 3
ROUNDS = 3


def transcribe(bench):
    """One recognizer on one CPU, and two on two; the rest of the chain runs wherever it may."""
    cpus = sorted(os.sched_getaffinity(0))[:2]
    if len(cpus) < 2:
        raise Failed("two recognizers need two CPUs")
    record(bench)
    with contextlib.ExitStack() as stack:
        recognizers = [stack.enter_context(Server(
            ["taskset", "--cpu-list", cpu, bench.program("transcribe"), "serve", "--chainlets",
             "Recognizer", "--listen", bench.unix(f"recognizer-{cpu}")])) for cpu in cpus]
        asked = [entrypoint(bench, stack, recognizers[:count]) for count in (1, 2)]
        warm = [ask(each) for each in asked]
        if warm[0]["text"] != warm[1]["text"]:
            raise Failed("two recognizers understood another text than one")
        one, two = bench.in_turn(*[lambda each=each: ask(each) for each in asked],
                                 rounds=min(ROUNDS, bench.rounds))

    def of(key, results):
        return [result[key] for result in results]
    name = f"{SECONDS} s of speech"
    return [
        Row(f"{name}, 1 recognizer on one CPU", "speech ÷ time",
            [SECONDS / seconds for seconds in of("seconds", one)]),
        Row(f"{name}, 2 recognizers on two", "speech ÷ time",
            [SECONDS / seconds for seconds in of("seconds", two)]),
        Row(f"{name}, 2 recognizers", "speed ÷ with 1",
            ratios(of("seconds", one), of("seconds", two))),
        Row(f"{name}, 2 recognizers", "CPU of all ÷ with 1",
            ratios(of("cpu", two), of("cpu", one)),
            note=f"with 1 {of('cpu', one)[0]:.2f} s"),
    ]


def record(bench):
    """Writes speech.wav into the bench's folder: the first of the recordings for the demo."""
    run([bench.program("transcribe_score"), "join", bench.folder], 60)
    with wave.open(os.path.join(bench.folder, "recordings.wav")) as all_of_it, \
            wave.open(os.path.join(bench.folder, "speech.wav"), "wb") as speech:
        speech.setparams(all_of_it.getparams())
        speech.writeframes(all_of_it.readframes(SECONDS * all_of_it.getframerate()))


def entrypoint(bench, stack, recognizers):
    """(gateway's address, pids of all that answer) of the chain with these recognizers."""
    endpoints = ",".join(f"Recognizer={each.address}" for each in recognizers)
    chain = stack.enter_context(Server(
        [bench.program("transcribe"), "serve", "--chainlets", "Transcribe,MacroChunkWorker", "--data-dir",
         bench.folder, "--listen", bench.unix(f"transcribe-{len(recognizers)}"), "--endpoints",
         endpoints]))
    gateway = stack.enter_context(Server(
        [bench.program("chains-gateway"), "--listen", "127.0.0.1:0", "--no-auth", "--route",
         f"transcribe/production={chain.address}"]))
    return gateway.address, [gateway.pid, chain.pid, *[each.pid for each in recognizers]]


def ask(asked):
    """One request: the text, how long the chain took, and the CPU seconds of its processes."""
    address, pids = asked
    before = cpu_seconds(pids)
    body = json.dumps({"media_path": "speech.wav",
                       "params": {"micro_chunk_size_sec": CHUNK_SECONDS}})
    with contextlib.closing(http.client.HTTPConnection(address, timeout=120)) as connection:
        connection.request("POST", "/production/run_remote", body,
                           {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read().decode()
    if response.status != 200 or '"error"' in answer:
        raise Failed(f"transcribe answered {response.status}: {answer}")
    said = json.loads(answer)
    return {"text": [segment["text"] for segment in said["segments"]],
            "seconds": said["processing_duration_sec"], "cpu": cpu_seconds(pids) - before}
