#!/usr/bin/env python3
"""What docker/images.sh built: that each image says what it is, gives its programs no rights, and has
an SBOM; and compose.yaml with two chains.

Environment: DOCKER (the client), IMAGES (their names), VERSION, REGISTRY, TAG. Waits have a limit, and
what was started is ended.
"""
import atexit
import base64
import io
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request
import wave

import sbom

DOCKER = os.environ["DOCKER"]
IMAGES = os.environ["IMAGES"].split()
VERSION = os.environ["VERSION"]
REGISTRY, TAG = os.environ.get("REGISTRY", "chains"), os.environ.get("TAG", "latest")
COMPOSE = pathlib.Path(__file__).resolve().parents[2] / "docker" / "compose.yaml"
PROJECT = "chains-test"
SECONDS = 120
HARDENED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges:true",
            "--network", "none")
PROGRAM = {"gateway": "chains-gateway", "platform": "chains-platform", "replica-cpu": "chains-agent",
           "replica-gpu": "chains-agent", "examples": "chains", "dev": "chains"}
WITHOUT_SHELL = {"gateway", "platform"}
CHECKS_ITSELF = {"gateway", "platform", "replica-cpu", "replica-gpu"}
BUILDS = ("gcc", "g++", "cc", "c++", "clang", "cmake", "make", "ld", "as", "python3", "curl", "wget")


def pause():
    """Between two looks at what only an engine knows."""
    threading.Event().wait(0.2)


def docker(*arguments, check=True):
    done = subprocess.run([DOCKER, *arguments], capture_output=True, text=True, timeout=SECONDS)
    assert not check or done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done


def name_of(image):
    return f"{REGISTRY}/{image}:{TAG}"


def run(image, program, *arguments, options=()):
    return docker("run", "--rm", *HARDENED, *options, "--entrypoint", program, name_of(image), *arguments,
                  check=False)


class EachImage(unittest.TestCase):
    """As its configuration and its files say, which are read once."""

    @classmethod
    def setUpClass(cls):
        cls.config = {each: json.loads(docker("image", "inspect", name_of(each)).stdout)[0]["Config"]
                      for each in IMAGES}
        cls.files = {each: cls.read(each) for each in IMAGES}

    @staticmethod
    def read(image):
        """Path → (mode, owner) of all its files, and the bytes of its SBOM and of our programs."""
        made = docker("create", name_of(image)).stdout.strip()
        modes, kept = {}, {}
        export = subprocess.Popen([DOCKER, "export", made], stdout=subprocess.PIPE)
        try:
            with tarfile.open(fileobj=export.stdout, mode="r|") as tar:
                for member in tar:
                    path = "/" + member.name.rstrip("/")
                    modes[path] = (member.mode & 0o7777, member.uid, member.type)
                    wanted = path == sbom.PATH or path.startswith("/usr/bin/chains")
                    if wanted and member.isreg():
                        kept[path] = tar.extractfile(member).read()
        finally:
            export.stdout.close()
            export.wait(timeout=SECONDS)
            docker("rm", made)
        return modes, kept

    def test_runs_as_a_user_without_rights(self):
        for image in IMAGES:
            with self.subTest(image=image):
                self.assertEqual(self.config[image]["User"], "65532:65532")
                rights = [path for path, (mode, _, kind) in self.files[image][0].items()
                          if kind == tarfile.REGTYPE and mode & 0o6000]
                self.assertEqual(rights, [], "files that give their caller another user's rights")

    def test_says_what_it_is(self):
        for image in IMAGES:
            with self.subTest(image=image):
                labels = self.config[image]["Labels"]
                prefix = "org.opencontainers.image."
                self.assertEqual(labels[prefix + "title"], f"chains-{image}")
                self.assertEqual(labels[prefix + "version"], VERSION)
                self.assertEqual(labels[prefix + "licenses"], "Apache-2.0")
                for each in ("description", "vendor", "revision", "base.name"):
                    self.assertTrue(labels[prefix + each], each)

    def test_has_a_health_check_by_what_is_in_it(self):
        for image in IMAGES:
            with self.subTest(image=image):
                test = self.config[image]["Healthcheck"]["Test"]
                if image in CHECKS_ITSELF:
                    self.assertEqual(test[:3], ["CMD", PROGRAM[image], "--check"])
                else:
                    self.assertEqual(test, ["NONE"])

    def test_a_health_check_of_nobody_fails(self):
        for image in IMAGES:
            with self.subTest(image=image):
                if image not in CHECKS_ITSELF:
                    continue
                test = self.config[image]["Healthcheck"]["Test"]
                done = run(image, test[1], *test[2:])
                self.assertEqual(done.returncode, 1, done.stderr)

    def test_runs_read_only_without_capabilities(self):
        for image in IMAGES:
            with self.subTest(image=image):
                done = run(image, PROGRAM[image], "--help")
                self.assertEqual(done.returncode, 0, done.stderr)

    def test_has_no_compiler(self):
        for image in IMAGES:
            with self.subTest(image=image):
                if image == "dev":
                    continue
                files = self.files[image][0]
                found = [f"/usr/bin/{each}" for each in BUILDS if f"/usr/bin/{each}" in files]
                # What `chains push` looks into programs with brings a linker along.
                self.assertEqual([each for each in found if image != "examples"], [])
                if image in WITHOUT_SHELL:
                    for each in ("sh", "bash", "apt-get", "dpkg"):
                        self.assertNotIn(f"/usr/bin/{each}", files)

    def test_its_own_folder_is_its_users(self):
        for image in IMAGES:
            with self.subTest(image=image):
                mode, owner, _ = self.files[image][0]["/var/lib/chains"]
                self.assertEqual((mode, owner), (0o700, 65532))

    def test_its_sbom_says_what_is_in_it(self):
        for image in IMAGES:
            with self.subTest(image=image):
                modes, kept = self.files[image]
                document = sbom.parse(kept[sbom.PATH])
                self.assertEqual(document.name, f"chains-{image}")
                for each in ("libc6", "libstdc++6", "libprotobuf32", "libgrpc-dev"):
                    self.assertIn(each, document.packages)
                for path, data in kept.items():
                    if path != sbom.PATH:
                        self.assertEqual(document.digests.get(path), sbom.digest(data), path)
                if image == "replica-gpu":
                    libraries = [path for path in modes if path.startswith("/usr/local/lib/cuda/lib")]
                    self.assertTrue(libraries)
                    self.assertEqual([each for each in libraries if each not in document.digests], [])

    def test_every_library_of_debian_is_of_a_package_in_its_sbom(self):
        for image in IMAGES:
            with self.subTest(image=image):
                if image not in WITHOUT_SHELL:
                    continue  # dpkg keeps the list
                modes, kept = self.files[image]
                document = sbom.parse(kept[sbom.PATH])
                status = "/var/lib/dpkg/status.d/"
                listed = {path[len(status):] for path in modes if path.startswith(status)} - {""}
                self.assertEqual(listed, document.of_debian | document.ours)


class GpuImage(unittest.TestCase):
    @unittest.skipUnless("replica-gpu" in IMAGES, "SKIPPED: there is no replica-gpu")
    def test_has_cuda_but_nothing_of_the_driver(self):
        known = run("replica-gpu", "/sbin/ldconfig", "-p").stdout
        for each in ("libcublas.so.", "libcublasLt.so.", "libcudnn.so.", "libcudnn_ops.so."):
            self.assertIn(each, known)
        for each in ("libcuda.so", "libnvidia-ml.so"):
            self.assertNotIn(each, known)


class DevImage(unittest.TestCase):
    @unittest.skipUnless("dev" in IMAGES, "SKIPPED: there is no dev")
    def test_builds_a_new_chain(self):
        done = run("dev", "bash", "-c", "chains init first && chains check first",
                   options=("--tmpfs", "/work:exec,uid=65532,gid=65532", "--tmpfs", "/tmp:exec"))
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)


class Composed(unittest.TestCase):
    """compose.yaml, as README says, with volumes and ports of its own."""

    @classmethod
    def setUpClass(cls):
        missing = {"gateway", "platform", "examples"} - set(IMAGES)
        if missing:
            raise unittest.SkipTest(f"SKIPPED: {sorted(missing)} were not built")
        cls.command = cls.find_compose()
        if cls.command is None:
            raise unittest.SkipTest("SKIPPED: docker compose is not installed (./dev setup images)")
        cls.environment = dict(os.environ, CHAINS_REGISTRY=REGISTRY, CHAINS_TAG=TAG, CHAINS_PORT="0",
                               CHAINS_GRPC_PORT="0", CHAINS_PLATFORM_PORT="0")
        atexit.register(cls.down)  # however this ends
        up = cls.compose("up", "--detach", "--no-build", check=False)
        if up.returncode != 0:
            raise AssertionError(f"compose up: {up.stderr}{cls.compose('logs', '--no-color').stdout}")

    @classmethod
    def tearDownClass(cls):
        atexit.unregister(cls.down)
        cls.down()

    @classmethod
    def down(cls):
        cls.compose("down", "--volumes", "--timeout", "40")

    @staticmethod
    def find_compose():
        if subprocess.run([DOCKER, "compose", "version"], capture_output=True).returncode == 0:
            return [DOCKER, "compose"]
        return ["docker-compose"] if shutil.which("docker-compose") else None

    @classmethod
    def compose(cls, *arguments, check=True):
        done = subprocess.run([*cls.command, "--file", str(COMPOSE), "--project-name", PROJECT, *arguments],
                              capture_output=True, text=True, timeout=300, env=cls.environment)
        assert not check or done.returncode == 0, f"compose {' '.join(arguments)}: {done.stderr}"
        return done

    def ask(self, chain, body):
        """(status, what it said), once it is deployed."""
        address = self.compose("port", "gateway", "8080").stdout.strip()
        request = urllib.request.Request(f"http://{address}/chains/{chain}/production/run_remote",
                                         json.dumps(body).encode(), method="POST")
        said = None
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status, json.load(answer)
            except urllib.error.HTTPError as error:
                said = json.load(error)["error"]
                if said["code"] not in ("NOT_FOUND", "UNAVAILABLE"):
                    return error.code, said
            except OSError as error:
                said = error
            pause()  # until its push has ended
        self.fail(f"{chain} was not deployed: {said}\n{self.compose('logs', '--no-color').stdout}")

    def containers(self):
        ids = self.compose("ps", "--quiet").stdout.split()
        return {each["Config"]["Labels"]["com.docker.compose.service"]: each
                for each in json.loads(docker("inspect", *ids).stdout)}

    def test_a_chain_answers(self):
        self.assertEqual(self.ask("hello", {"names": ["Ada", "Bola"]}), (200, "Hello, Ada\nHello, Bola"))

    def test_another_chain_answers(self):
        # A second of silence.
        sound = io.BytesIO()
        with wave.open(sound, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(bytes(32000))
        media = base64.b64encode(sound.getvalue()).decode()
        status, said = self.ask("transcribe", {"media": media})
        self.assertEqual(status, 200, said)

    def test_its_containers_have_no_rights(self):
        for service, each in self.containers().items():
            with self.subTest(service=service):
                host = each["HostConfig"]
                self.assertEqual(each["Config"]["User"], "65532:65532")
                self.assertTrue(host["ReadonlyRootfs"])
                self.assertFalse(host["Privileged"])
                self.assertEqual(host["CapDrop"], ["ALL"])
                self.assertFalse(host["CapAdd"])

    def test_what_serves_is_healthy(self):
        for service in ("platform", "gateway"):
            deadline, health = time.monotonic() + SECONDS, None
            while health != "healthy" and time.monotonic() < deadline:
                health = self.containers()[service]["State"]["Health"]["Status"]
                pause()  # its engine asks once in a while
            self.assertEqual(health, "healthy", service)

    def test_what_was_deployed_outlives_its_containers(self):
        self.ask("hello", {"names": ["Ada"]})
        self.compose("restart", "platform", "gateway")
        self.assertEqual(self.ask("hello", {"names": ["Ada"]}), (200, "Hello, Ada"))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    unittest.main()
