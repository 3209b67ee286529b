#!/usr/bin/env python3
"""A platform that ends at one of its changes of files, wherever that is: nothing acknowledged is
lost, nothing half-written is run, nobody is left, and what was begun can be done again.

CHAINS_CUTS says how many of the places are tried, "all" of them or 8, spread evenly; CHAINS_SEED
moves them, and says with which of them a write is torn.
"""
import os
import sys
import unittest

from platform_under_test import BIN, Failed, Platform, until

PATH = "/chains/versions/production/run_remote"
TEXT = '{"text": "x"}'
# What is pushed, one after the other, and what production answers then.
SCRIPT = ((("push", BIN / "versions_one"), "1 1"), (("push", BIN / "versions_two", "--promote"), "2 2"))


def run_script(platform):
    """(what production answers by the last push that was acknowledged, and by the last that was asked
    for); None where there was none."""
    acknowledged = asked = None
    for command, answer in SCRIPT:
        asked = answer
        if platform.run(*command, check=False).returncode != 0:
            break
        acknowledged = answer
    return acknowledged, asked


def changes_of_a_whole_run():
    platform = Platform("--memory", "1Ti", up=False)
    counted = platform.folder / "changes"
    try:
        platform.up({"LD_PRELOAD": os.environ["CUT"], "CHAINS_CUT_COUNT": str(counted)})
        assert run_script(platform) == ("2 2", "2 2")
        platform.down()
        return int(counted.read_text())
    finally:
        platform.close()


class Cuts(unittest.TestCase):
    def test_wherever_it_ends_all_is_as_acknowledged(self):
        total, seed = changes_of_a_whole_run(), int(os.environ.get("CHAINS_SEED", "7"))
        cuts = os.environ.get("CHAINS_CUTS", "8")
        stride = 1 if cuts == "all" else max(1, total // int(cuts))
        for at in range(1 + seed % stride, total + 1, stride):
            torn = (at // stride + seed) % 2
            with self.subTest(at=at, torn=torn, of=total):
                print(f"cut at {at} of {total}, torn: {torn}", file=sys.stderr, flush=True)
                try:
                    self.cut(at, torn)
                except Exception as error:  # said at once: the last place may be an hour away
                    print(f"failed: {error}", file=sys.stderr, flush=True)
                    raise

    def cut(self, at, torn):
        platform = Platform("--memory", "1Ti", up=False)
        try:
            acknowledged, asked = self.run_until_cut(platform, at, torn)
            platform.up()
            if acknowledged:
                # What was asked for last may have been done, though nobody was told.
                until(lambda: platform.post(PATH, TEXT) in [(200, acknowledged), (200, asked)],
                      f"production to answer {acknowledged}")
            self.assertEqual(run_script(platform), ("2 2", "2 2"))
            until(lambda: platform.post(PATH, TEXT) == (200, "2 2"), "production to answer 2 2")
            until(lambda: set(platform.processes()) <= platform.known_pids(), "replicas that nobody knows to end")
        finally:
            platform.close()

    def run_until_cut(self, platform, at, torn):
        try:
            platform.up({"LD_PRELOAD": os.environ["CUT"], "CHAINS_CUT": str(at), "CHAINS_CUT_TEAR": str(torn)})
        except Failed:
            self.assertEqual(platform.process.returncode, -9, "it ended by itself")
            return None, None
        try:
            return run_script(platform)
        finally:
            platform.kill()  # where it was not cut: how many changes there are is not quite the same


if __name__ == "__main__":
    unittest.main()
