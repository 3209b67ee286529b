#!/usr/bin/env python3
"""Chains on a real cluster, from nothing to nothing: installed, pushed to, called, scaled, broken, changed, removed.

    kubernetes.sh KUBECONFIG [--load-images COMMAND] [--host-path FOLDER] [--pretend-gpus] [--prefix FOLDER]

It makes a namespace, `chains`, and removes it; on a cluster that has one it does nothing. Where a cluster lacks
something, it is made when asked for: images of this build tree (--load-images: a command that takes an archive to the
nodes), the platform's volume (--host-path), GPUs that a node only pretends to have (--pretend-gpus).
"""
import argparse
import json
import os
import pathlib
import signal
import sys
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "kubernetes"))

import changes  # noqa: E402
import serving  # noqa: E402
import watching  # noqa: E402
from cluster import Cluster, say  # noqa: E402
from installation import Installation  # noqa: E402

CHAPTERS = [serving.hello, serving.strangers, changes.ramp, changes.kill, changes.promote, changes.platform_killed, watching.watch,
            changes.zero, serving.transcribe, serving.gpu_line, serving.poems]


def options():
    build = pathlib.Path(__file__).resolve().parents[2] / "build/release"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kubeconfig")
    parser.add_argument("--bin", default=os.environ.get("BIN", build / "bin"), help="the built programs")
    parser.add_argument("--image", default="chains/NAME:latest",
                        help="with NAME for platform, gateway, replica-cpu, replica-gpu, transcribe")
    parser.add_argument("--transcribe-image", action="store_true", help="there is one for transcribe, with its package")
    parser.add_argument("--load-images", default=os.environ.get("CHAINS_LOAD_IMAGES", ""), metavar="COMMAND",
                        help="makes images of the build tree; COMMAND FILE takes one to the nodes")
    parser.add_argument("--host-path", default=os.environ.get("CHAINS_HOST_PATH", ""), metavar="FOLDER",
                        help="of a node, for the platform's volume, where the cluster provisions none")
    parser.add_argument("--pretend-gpus", action="store_true", default=bool(os.environ.get("CHAINS_PRETEND_GPUS")),
                        help="a node may say that it has GPUs, where none has")
    parser.add_argument("--prefix", default=os.environ.get("CMAKE_PREFIX_PATH", ""), help="where Chains is installed")
    parser.add_argument("--edits", type=int, default=int(os.environ.get("CHAINS_EDITS", "20")))
    parser.add_argument("--settings", default="{}", help="more of cluster.json, as JSON")
    parser.add_argument("--only", action="append", default=[], choices=[each.__name__ for each in CHAPTERS],
                        help="of the chapters after the installation; may be repeated")
    parser.add_argument("--keep", action="store_true", help="leave everything where something failed")
    parser.add_argument("--mtls", action="store_true", default=bool(os.environ.get("CHAINS_MTLS")),
                        help="platform, gateway and replicas show each other certificates")
    given = parser.parse_args()
    if given.mtls:
        given.settings = json.dumps({**json.loads(given.settings), "mtls": True})
    return given


def main():
    given = options()
    cluster = Cluster(given.kubeconfig)
    for line in cluster.about():
        say(line)
    say(f"this machine: {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    story = Installation(cluster, given)
    began, passed = time.monotonic(), False
    try:
        story.install()
        for chapter in CHAPTERS:
            if not given.only or chapter.__name__ in given.only:
                say(f"== {chapter.__name__}")
                chapter(story)
        passed = True
    except BaseException:  # Ctrl-C, too: what it made goes
        traceback.print_exc()
        cluster.report()
        if given.keep:
            say(f"FAILED; everything was left as it is, with CHAINS_HOME={story.home}")
            return 1
    finally:
        if passed or not given.keep:
            say("== uninstall")
            left = story.uninstall()
            story.close()
    if left:
        say(f"FAILED: there is something left: {left}")
        return 1
    say(f"{'PASSED' if passed else 'FAILED'} after {time.monotonic() - began:.0f} s; nothing is left on the cluster")
    return 0 if passed else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
