#!/usr/bin/env python3
"""The chain with a language model as processes: a random model, pushed with the chain as its asset."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from platform_under_test import BIN, Platform

PATH = "/chains/poems/production/run_remote"
WORDS = ["bird", "plane", "superman"]


class Poems(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        os.environ["no_proxy"] = "127.0.0.1"
        cls.platform = Platform("--memory", "1Ti")
        cls.addClassCleanup(cls.platform.close)
        model = pathlib.Path(tempfile.mkdtemp(prefix="phi"))
        cls.addClassCleanup(shutil.rmtree, model, ignore_errors=True)
        subprocess.run([BIN / "phi_make_model", model], check=True, stdout=subprocess.DEVNULL)
        os.environ["PHI_MODEL"] = str(model)
        cls.platform.push(BIN / "poems")
        del os.environ["PHI_MODEL"]
        shutil.rmtree(model)  # what answers has its own

    def poems(self, *words):
        status, answer = self.platform.post(PATH, json.dumps({"words": words}))
        self.assertEqual(status, 200, answer)
        return answer

    def test_three_at_once_are_what_they_are_one_by_one(self):
        together = self.poems(*WORDS)
        self.assertEqual(together, [self.poems(word)[0] for word in WORDS])
        self.assertEqual(len(set(together)), 3)

    def test_a_poem_is_streamed_token_by_token(self):
        done = self.platform.run("call", "poems", '{"word": "bird"}', "--method", "write_poem", "--stream")
        tokens = [json.loads(line)["text"] for line in done.stdout.splitlines()]
        self.assertGreater(len(tokens), 10)
        self.assertEqual("".join(tokens), self.poems("bird")[0])

    def test_each_chainlet_is_a_process_and_the_model_is_in_the_bundle(self):
        processes = self.platform.replicas("poems")
        self.assertEqual(set(processes), {"PhiLlm", "PoemGenerator"})
        self.assertTrue(all(len(each) == 1 for each in processes.values()), processes)
        bundle = self.platform.home / "bundles" / self.platform.status("poems")["bundle"]
        self.assertTrue((bundle / "assets/model/config.json").exists())


if __name__ == "__main__":
    unittest.main()
