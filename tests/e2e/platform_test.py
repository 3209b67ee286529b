#!/usr/bin/env python3
"""The life of deployments on one machine, as their users see it. Everything is a process."""
import http.server
import json
import os
import pathlib
import random
import shutil
import subprocess
import threading
import time
import unittest

from platform_under_test import BIN, Failed, Load, Platform, until

HELLO = "/chains/hello/production/run_remote"
VERSIONS = "/chains/versions/production/run_remote"
TEXT = json.dumps({"text": "x"})
NAMES = json.dumps({"names": ["Ada", "Sid"]})


class OnAPlatform(unittest.TestCase):
    flags = ("--memory", "1Ti")  # of which each pushed chainlet takes some

    @classmethod
    def setUpClass(cls):
        cls.platform = Platform(*cls.flags)

    @classmethod
    def tearDownClass(cls):
        cls.platform.close()

    def assert_answers(self, path, body, answer):
        self.assertEqual(self.platform.post(path, body), (200, answer))


class Deployments(OnAPlatform):
    def test_the_first_becomes_production_and_later_ones_wait(self):
        first = self.platform.push(BIN / "hello", "--name", "first")
        path = "/chains/first/production/run_remote"
        self.assert_answers(path, NAMES, "Hello, Ada\nHello, Sid")
        done = self.platform.run("push", BIN / "hello", "--name", "first")
        second = [d["id"] for d in self.platform.json("list", "first")["deployments"] if d["id"] != first][0]
        self.assertIn(f"published {second}, production is still {first}: chains promote {second}",
                      done.stdout + done.stderr)
        self.assert_answers(f"/chains/first/deployment/{second}/run_remote", NAMES, "Hello, Ada\nHello, Sid")

    def test_every_chainlet_is_a_process_or_all_share_one(self):
        self.platform.push(BIN / "hello", "--name", "apart")
        pids = [pid for replicas in self.platform.replicas("apart").values() for pid in replicas.values()]
        self.assertEqual(len(set(pids)), len(pids))
        self.platform.push(BIN / "hello", "--name", "joined", "--placement", "together")
        joined = self.platform.replicas("joined")
        self.assertEqual(set(joined["HelloAll"].values()), set(joined["SayHello"].values()))
        self.assert_answers("/chains/joined/run_remote", NAMES, "Hello, Ada\nHello, Sid")

    def test_no_request_fails_or_sees_two_versions(self):
        one = self.platform.push(BIN / "versions_one")
        with Load(self.platform, VERSIONS, TEXT, rate=100) as load:
            two = self.platform.push(BIN / "versions_two", "--promote")
            until(lambda: load.answers.get("2 2", 0) > 50, "answers of the second version")
            self.platform.run("rollback", "versions")
            before = load.answers["1 1"]
            until(lambda: load.answers["1 1"] > before + 50, "answers of the first version again")
            self.platform.run("promote", two)
            before = load.answers["2 2"]
            until(lambda: load.answers["2 2"] > before + 50, "answers of the second version again")
        self.assertEqual(load.failures, [])
        self.assertEqual(set(load.answers), {"1 1", "2 2"})
        self.assertNotEqual(one, two)

    def test_a_deployment_that_is_off_is_refused_and_comes_back(self):
        id_ = self.platform.push(BIN / "hello", "--name", "off")
        path = "/chains/off/production/run_remote"
        self.platform.run("deactivate", id_)
        status, answer = self.platform.post(path, NAMES)
        self.assertEqual(status, 503)
        self.assertIn("deactivated", answer["error"]["message"])
        until(lambda: not any(self.platform.replicas("off").values()), "its replicas to end")
        refused = self.platform.run("delete", id_, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("production points at", refused.stderr)
        self.platform.run("activate", id_)
        self.assert_answers(path, NAMES, "Hello, Ada\nHello, Sid")

    def test_a_deployment_can_be_deleted(self):
        self.platform.push(BIN / "hello", "--name", "gone")
        second = self.platform.push(BIN / "hello", "--name", "gone")
        self.platform.run("delete", second)
        self.assertNotIn(second, self.platform.run("list").stdout)
        status, answer = self.platform.post(f"/chains/gone/deployment/{second}/run_remote", NAMES)
        self.assertEqual(status, 404, answer)

    def test_what_would_break_callers_is_refused(self):
        self.platform.push(BIN / "versions_one", "--name", "strict")
        refused = self.platform.run("push", BIN / "hello", "--name", "strict", "--promote", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("the entrypoint is hello.HelloAll, before versions.Outer", refused.stderr)
        self.platform.run("push", BIN / "hello", "--name", "strict", "--promote", "--breaking")
        self.assert_answers("/chains/strict/production/run_remote", NAMES, "Hello, Ada\nHello, Sid")

    def test_a_chain_that_cannot_start_says_why(self):
        self.platform.run("secrets", "set", "voice", stdin="low\n")
        self.platform.push(BIN / "fragile", "--name", "fragile")
        self.assert_answers("/chains/fragile/production/run_remote", "{}", "low")
        self.platform.run("secrets", "set", "voice", stdin="crash\n")
        failed = self.platform.run("push", BIN / "fragile", "--name", "fragile", "--promote", check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("Voice", failed.stderr)
        self.assertIn("signal 6", failed.stderr)
        self.assertIn("the voice broke", failed.stderr)
        self.assert_answers("/chains/fragile/production/run_remote", "{}", "low")

    @unittest.skipIf(b"__asan_init" in (BIN / "fragile").read_bytes(), "a sanitizer's memory is not limited")
    def test_a_chain_that_takes_too_much_memory_says_so(self):
        self.platform.run("secrets", "set", "voice", stdin="greed\n")
        failed = self.platform.run("push", BIN / "fragile", "--name", "greedy", check=False)
        self.assertEqual(failed.returncode, 1)
        self.assertIn("Resources{.memory}", failed.stderr)

    def test_a_secret_that_is_not_set_is_named(self):
        self.platform.run("secrets", "set", "voice", stdin="x\n")
        self.platform.run("secrets", "delete", "voice")
        refused = self.platform.run("push", BIN / "fragile", "--name", "silent", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("chains secrets set voice", refused.stderr)

    def test_keys_have_scopes_and_can_be_revoked(self):
        self.platform.push(BIN / "hello", "--name", "locked")
        path = "/chains/locked/production/run_remote"
        key = self.platform.json("keys", "create", "caller")["key"]
        until(lambda: self.platform.post(path, NAMES, key=key)[0] == 200, "the key to be known")
        self.platform.run("keys", "revoke", "caller")
        until(lambda: self.platform.post(path, NAMES, key=key)[0] == 401, "the key to be refused")

    def test_logs_tell_who_said_what(self):
        id_ = self.platform.push(BIN / "hello", "--name", "spoken")
        lines = until(lambda: self.platform.run("logs", "spoken").stdout.splitlines()[1:] and
                      self.platform.run("logs", "spoken", "--output", "json").stdout.splitlines(), "lines")
        line = json.loads(lines[0])
        self.assertEqual((line["chain"], line["deployment"]), ("spoken", id_))
        self.assertIn("serving", line["message"])
        only = self.platform.run("logs", "spoken", "--chainlet", "SayHello", "--output", "json").stdout.splitlines()
        self.assertEqual({json.loads(each)["chainlet"] for each in only}, {"hello.SayHello"})

    def test_a_replica_that_is_killed_is_started_again(self):
        self.platform.push(BIN / "hello", "--name", "killed")
        name, pid = next(iter(self.platform.replicas("killed")["SayHello"].items()))
        os.kill(pid, 9)
        until(lambda: name not in self.platform.replicas("killed")["SayHello"] and
              len(self.platform.replicas("killed")["SayHello"]) == 2, "another replica")
        self.assert_answers("/chains/killed/production/run_remote", NAMES, "Hello, Ada\nHello, Sid")

    def test_a_replica_that_is_ill_gets_no_calls_and_is_replaced(self):
        self.platform.push(BIN / "moody")
        path = "/chains/moody/production/run_remote"

        def pids():
            return set(self.platform.replicas("moody")["Mood"].values())

        before = pids()
        self.assertEqual(len(before), 2)
        with Load(self.platform, path, json.dumps({"text": "how are you"}), rate=50) as load:
            until(lambda: set(load.answers) == {str(pid) for pid in before}, "answers of both replicas")
            _, ill = self.platform.post(path, json.dumps({"text": "fall ill"}))
            healthy = next(str(pid) for pid in before if str(pid) != ill)
            until(lambda: int(ill) not in pids(), "the platform to know that it is ill")

            def calls_stopped():
                of_ill, of_healthy = load.answers[ill], load.answers[healthy]
                until(lambda: load.answers[healthy] > of_healthy + 25, "answers of the other replica")
                return load.answers[ill] == of_ill

            until(calls_stopped, "calls of the one that is ill to stop")
            self.assertEqual(self.platform.processes().count(int(ill)), 1)
            after = until(lambda: len(pids() - {int(ill)}) == 2 and pids(), "another replica in its place")
            until(lambda: int(ill) not in self.platform.processes(), "the one that was ill to be gone")
            fresh, = after - before
            until(lambda: load.answers.get(str(fresh), 0) > 10, "answers of the new replica")
        self.assertEqual(load.failures, [])

    def test_grpc_clients_reach_production_and_an_older_deployment(self):
        old = self.platform.push(BIN / "hello", "--name", "hello")
        self.platform.push(BIN / "hello", "--name", "hello", "--promote")
        for metadata in (["chains-chain=hello"], [f"chains-deployment={old}"]):
            for client, arguments in (("stock_client", ["hello", self.platform.grpc, "Ada"]),
                                          ("reflection_client", [self.platform.grpc, "hello.HelloAll", "RunRemote",
                                                                 NAMES])):
                with self.subTest(client=client, metadata=metadata):
                    done = subprocess.run(
                        [BIN / client, *arguments], capture_output=True, text=True, timeout=60,
                        env={**os.environ, "METADATA": ";".join(
                            [f"authorization=Api-Key {self.platform.key}", *metadata])})
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertIn("Hello, Ada", done.stdout)


class Scaling(OnAPlatform):
    def test_a_ramp_takes_one_chainlet_up_and_down_and_leaves_the_other(self):
        self.platform.push(BIN / "hello")
        settings = ["--autoscaling-window", "10s", "--scale-down-delay", "2s", "--max-scale-down-rate", "50"]
        self.platform.run("scale", "hello", "SayHello", "--min-replica", "0", "--max-replica", "3", *settings)
        self.platform.run("scale", "hello", "HelloAll", "--min-replica", "1", "--max-replica", "1", *settings)
        until(lambda: not self.platform.replicas("hello")["SayHello"], "SayHello to fall asleep")
        (name, pid), = self.platform.replicas("hello")["HelloAll"].items()
        many = json.dumps({"names": [str(i) for i in range(400)]})
        failures, ending = [], threading.Event()

        def hammer():
            while not ending.is_set():
                status, answer = self.platform.post(HELLO, many)
                if status != 200:
                    failures.append((status, answer))

        threads = [threading.Thread(target=hammer) for _ in range(8)]
        for thread in threads:
            thread.start()
        until(lambda: len(self.platform.replicas("hello")["SayHello"]) == 3, "three replicas")
        ending.set()
        for thread in threads:
            thread.join()
        until(lambda: not self.platform.replicas("hello")["SayHello"], "SayHello to fall asleep again")
        self.assertEqual(failures, [])
        self.assertEqual(self.platform.replicas("hello")["HelloAll"], {name: pid})
        changes = [each for each in self.platform.status("hello")["chainlets"] if "SayHello" in each["chainlet"]]
        steps = [(each.get("from", 0), each.get("to", 0), each["why"]) for each in changes[0]["changes"]]
        self.assertTrue(any(to == 3 for _, to, _ in steps), steps)
        self.assertEqual(steps[0][1], 0)
        self.assertTrue(all(why for _, _, why in steps))
        self.assert_answers(HELLO, NAMES, "Hello, Ada\nHello, Sid")


    def test_a_chain_that_sleeps_is_woken_by_a_request(self):
        self.platform.push(BIN / "versions_one", "--name", "sleepy")
        for chainlet in ("Inner", "Outer"):
            self.platform.run("scale", "sleepy", chainlet, "--autoscaling-window", "10s", "--scale-down-delay", "1s")
        until(lambda: "SCALED_TO_ZERO" in self.platform.status("sleepy")["state"] and
              not any(self.platform.replicas("sleepy").values()), "sleep")
        self.assert_answers("/chains/sleepy/production/run_remote", TEXT, "1 1")
        self.assertTrue(all(self.platform.replicas("sleepy").values()))

    def test_a_development_deployment_has_one_replica_of_each(self):
        self.platform.push(BIN / "hello", "--name", "modest", "--development")
        self.assertEqual({name: len(replicas) for name, replicas in
                          self.platform.replicas("modest", "--environment", "development").items()},
                         {"SayHello": 1, "HelloAll": 1})
        again = self.platform.json("push", BIN / "hello", "--name", "modest", "--development")
        self.assertEqual(again.get("exchanged", []), [])


class OneGpu(OnAPlatform):
    flags = ("--gpus", "1")

    def test_what_does_not_fit_beside_takes_the_place_of_the_old(self):
        self.platform.push(BIN / "gpu_one")
        path = "/chains/gpu/production/run_remote"
        self.assert_answers(path, "{}", "one on 0")
        refused = self.platform.run("push", BIN / "gpu_two", "--promote", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--replace", refused.stderr)
        with Load(self.platform, path, "{}", rate=50) as load:
            self.platform.push(BIN / "gpu_two", "--promote", "--replace")
            until(lambda: load.answers.get("two on 0", 0) > 20, "answers of the new one")
        self.assertEqual(load.failures, [])
        self.assertEqual(set(load.answers), {"one on 0", "two on 0"})

    def test_what_can_never_fit_is_refused_with_the_sum(self):
        refused = self.platform.run("push", BIN / "gpu_three", check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("2 GPUs, and this machine has 1", refused.stderr)


class Kills(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nobody_is_left(self):
        rounds = int(os.environ.get("CHAINS_KILLS", "6"))
        chance = random.Random(int(os.environ.get("CHAINS_SEED", "7")))
        platform = Platform("--memory", "1Ti")
        try:
            ids = [platform.push(BIN / "versions_one"), platform.push(BIN / "versions_two")]
            answers = {ids[0]: "1 1", ids[1]: "2 2"}
            acknowledged = ids[0]
            for _round in range(rounds):
                asked, ended = [acknowledged], threading.Event()

                def change():
                    nonlocal acknowledged
                    for _step in range(50):
                        target = ids[0] if acknowledged == ids[1] else ids[1]
                        asked[0] = target
                        try:
                            done = platform.run("promote", target, check=False)
                        except subprocess.TimeoutExpired:
                            break
                        if done.returncode != 0:
                            break
                        acknowledged = target
                        asked[0] = target
                        if chance.random() < 0.2:
                            platform.run("push", BIN / "versions_one", "--name", "other", "--no-wait", check=False)
                    ended.set()

                thread = threading.Thread(target=change)
                thread.start()
                ended.wait(chance.uniform(0.02, 0.6))
                platform.kill()
                thread.join()
                platform.up()
                production = [each["deployment"] for each in platform.json("list", "versions")["environments"]
                              if each["name"] == "production"][0]
                # What was asked last may have been done, though nobody was told.
                self.assertIn(production, {acknowledged, asked[0]})
                acknowledged = production
                until(lambda: platform.post(VERSIONS, TEXT) == (200, answers[production]), "production to answer")
            until(lambda: set(platform.processes()) <= platform.known_pids(), "replicas that nobody knows to end")
        finally:
            platform.close()


class WhatCanBeWrong(OnAPlatform):
    def test_a_port_in_use_is_named(self):
        done = subprocess.run([BIN / "chains", "up", "--home", self.platform.folder / "other", "--listen",
                               self.platform.http, "--grpc-listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(self.platform.http, done.stderr)

    def test_a_second_platform_in_the_same_folder_is_refused(self):
        done = subprocess.run([BIN / "chains", "up", "--home", self.platform.home, "--listen", "127.0.0.1:0"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another platform", done.stderr)

    def test_a_folder_that_cannot_be_used_is_named(self):
        blocked = self.platform.folder / "file"
        blocked.write_text("no folder")
        done = subprocess.run([BIN / "chains", "up", "--home", blocked / "home"], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn(str(blocked), done.stderr)

    def test_without_a_platform_commands_say_how_to_start_one(self):
        environment = {**os.environ, "CHAINS_HOME": str(self.platform.folder / "nowhere")}
        done = subprocess.run([BIN / "chains", "list"], capture_output=True, text=True, env=environment, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("chains up", done.stderr)

    def test_without_cmake_a_push_says_what_to_install(self):
        folder = self.platform.folder / "shop"
        self.platform.run("init", folder)
        tools = self.platform.folder / "tools"
        tools.mkdir()
        environment = {**os.environ, "CHAINS_HOME": str(self.platform.home), "PATH": str(tools)}
        done = subprocess.run([BIN / "chains", "push", folder], capture_output=True, text=True, env=environment,
                              timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "cmake.*install|install.*cmake")

    def test_a_full_disk_is_named_and_room_is_enough_to_go_on(self):
        home = self.platform.folder / "small"
        home.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", home], capture_output=True)
        if mounted.returncode != 0:
            self.skipTest("nothing may be mounted here")
        platform = None
        try:
            platform = Platform("--memory", "1Ti", home=home)
            filling = home / "filling"
            filling.write_bytes(bytes(8 << 20))
            refused = platform.run("push", BIN / "hello", check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertRegex(refused.stderr, "(?s)RESOURCE_EXHAUSTED.*(room|space)")
            self.assertEqual(platform.json("list").get("deployments", []), [])
            filling.unlink()
            subprocess.run(["mount", "-o", "remount,size=128m", home], check=True)
            platform.push(BIN / "hello")
        finally:
            if platform:
                platform.close()
            subprocess.run(["umount", "--lazy", home], check=True)

    def test_a_push_of_what_is_no_chain_says_so(self):
        done = self.platform.run("push", "/bin/true", check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/bin/true", done.stderr)


if __name__ == "__main__":
    unittest.main()
