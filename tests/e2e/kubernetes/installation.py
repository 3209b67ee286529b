"""An installation of Chains on a cluster, as an administrator and a developer have it: made, used with `chains`, and
removed. What the cluster lacks for it is made, where that was asked for, and removed as well."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from cluster import NAMESPACE, SECONDS, Failed, Forward, say, until

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAMS = {"platform": ["chains-platform"], "gateway": ["chains-gateway"], "replica-cpu": ["chains-agent", "/bin/rm", "/usr/bin/curl"],
            "replica-gpu": ["chains-agent"], "transcribe": ["chains-agent"]}
SPEECH_MODEL = pathlib.Path("/usr/share/pocketsphinx/model")
VOLUME = "chains-e2e"  # a PersistentVolume, and the pod that makes its folder
# The extended resource that a node pretends to have; as JSON pointers write it.
GPU = "nvidia.com/gpu"
NO_IMAGE = "registry.invalid/chains/transcribe:missing"
GPU_POINTER = GPU.replace("/", "~1")


def image_key(*packages):
    """As deploy/fleets/kubernetes/cluster_settings.h finds the image of chainlets that declare these."""
    return hashlib.sha256(("\n" + "\n".join(sorted(packages))).encode()).hexdigest()[:16]


class Installation:
    def __init__(self, cluster, options):
        self.cluster, self.options, self.bin = cluster, options, pathlib.Path(options.bin)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="chains-e2e-"))
        self.home = self.folder / "home"
        self.forwards, self.pretended = [], []
        self.environment = {**cluster.environment, "CHAINS_HOME": str(self.home), "CHAINS_REMOTE": "kubernetes"}

    # ---- What a cluster may lack

    def load_images(self):
        """From this build tree, with a command that takes an archive to the nodes."""
        if not self.options.load_images:
            return
        began = time.monotonic()
        for name, programs in PROGRAMS.items():
            if name == "transcribe" and not SPEECH_MODEL.is_dir():
                continue
            archive = self.folder / "image.tar"
            more = ["--add", SPEECH_MODEL] if name == "transcribe" else []
            subprocess.run(["python3", ROOT / "tests/e2e/kubernetes/image.py", archive, self.image(name),
                            *(self.bin / each for each in programs), *more], check=True, timeout=SECONDS,
                           stdout=subprocess.DEVNULL)
            subprocess.run([*self.options.load_images.split(), str(archive)], check=True, timeout=SECONDS,
                           stdout=subprocess.DEVNULL)
            archive.unlink()
        say(f"images of this build tree made and loaded in {time.monotonic() - began:.1f} s")

    def image(self, name):
        return self.options.image.replace("NAME", name)

    def make_volume(self):
        """A folder of a node as the platform's volume. It is a `local` one, not hostPath: only there the kubelet sees
        to it that the platform, which is not root, may write."""
        path = self.options.host_path
        if not path:
            return
        node = self.cluster.json("get", "nodes", namespace=None)["items"][0]["metadata"]
        say(f"no volumes are provisioned here: {path} of node {node['name']} is the platform's, and goes at the end")
        self.on_node(node["name"], ["rm", "--version"], path)
        host = node["labels"]["kubernetes.io/hostname"]
        self.cluster.apply({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": VOLUME},
            "spec": {"capacity": {"storage": "20Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
                     "persistentVolumeReclaimPolicy": "Retain", "local": {"path": path},
                     "claimRef": {"namespace": NAMESPACE, "name": "chains-platform"},
                     "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                         {"key": "kubernetes.io/hostname", "operator": "In", "values": [host]}]}]}}}}, namespace=None)

    def on_node(self, node, command, path):
        """Runs a program there, as root, with the folder as /data; made where it is missing."""
        container = {"name": "once", "image": self.image("replica-cpu"), "imagePullPolicy": "IfNotPresent",
                     "command": command, "securityContext": {"runAsUser": 0},
                     "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
        self.cluster.apply({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": VOLUME},
            "spec": {"restartPolicy": "Never", "nodeName": node, "containers": [container],
                     "volumes": [{"name": "data", "hostPath": {"path": path, "type": "DirectoryOrCreate"}}]}},
            namespace="default")

        def phase():
            return self.cluster.json("get", "pod", VOLUME, namespace="default")["status"]["phase"]
        until(lambda: phase() in ("Succeeded", "Failed"), f"{' '.join(command)} on node {node}")
        ended = phase()
        self.cluster.run("delete", "pod", VOLUME, namespace="default")
        if ended != "Succeeded":
            raise Failed(f"{' '.join(command)} failed on node {node}")

    def remove_volume(self):
        found = self.cluster.run("get", "pv", VOLUME, "--output=json", check=False, namespace=None)
        if found.returncode != 0:
            return
        spec = json.loads(found.stdout)["spec"]
        node = spec["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"][0]
        self.cluster.run("delete", "pv", VOLUME, namespace=None)
        path = pathlib.Path(spec["local"]["path"])
        self.on_node(node, ["rm", "-rf", f"/data/{path.name}"], str(path.parent))

    def gpus(self):
        """Of all nodes."""
        return sum(int(node["status"]["allocatable"].get(GPU, 0))
                   for node in self.cluster.json("get", "nodes", namespace=None)["items"])

    def pretend_gpus(self, count):
        node = self.cluster.json("get", "nodes", namespace=None)["items"][0]["metadata"]["name"]
        self._patch_node(node, [{"op": "add", "path": f"/status/{part}/{GPU_POINTER}", "value": str(count)}
                                for part in ("capacity", "allocatable")])
        self.pretended.append(node)
        say(f"node {node} pretends to have {count} {GPU}")

    def forget_gpus(self):
        while self.pretended:
            self._patch_node(self.pretended.pop(), [{"op": "remove", "path": f"/status/{part}/{GPU_POINTER}"}
                                                    for part in ("capacity", "allocatable")], check=False)

    def _patch_node(self, node, patch, check=True):
        self.cluster.run("patch", "node", node, "--subresource=status", "--type=json", "--patch", json.dumps(patch),
                         namespace=None, check=check)

    @property
    def mtls(self):
        return bool(json.loads(self.options.settings).get("mtls"))

    # ---- Install, uninstall

    def write_overlay(self, transcribe):
        """The dev overlay, with this test's images, on a small node; `transcribe`: the image of what declares its
        package."""
        overlay = self.folder / "overlay"
        overlay.mkdir(exist_ok=True)
        settings = json.loads((ROOT / "deploy/kubernetes/base/cluster.json").read_text())
        settings["images"].update({"cpu": self.image("replica-cpu"), "gpu": self.image("replica-gpu"),
                                   "own": {image_key("pocketsphinx-en-us"): transcribe}})
        settings.update({"cpuRequestPercent": 5, **json.loads(self.options.settings)})
        (overlay / "cluster.json").write_text(json.dumps(settings, indent=2))
        images = [{"name": f"chains/{name}", "newName": self.image(name).rsplit(":", 1)[0],
                   "newTag": self.image(name).rsplit(":", 1)[1]} for name in ("platform", "gateway")]
        components = ["mtls"] if settings.get("mtls") else []
        (overlay / "kustomization.yaml").write_text(json.dumps({
            "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": NAMESPACE,
            "resources": [os.path.relpath(ROOT / "deploy/kubernetes/overlays/dev", overlay)], "images": images,
            "components": [os.path.relpath(ROOT / "deploy/kubernetes/components" / each, overlay) for each in components],
            "configMapGenerator": [{"name": "chains-settings", "behavior": "replace", "files": ["cluster.json"]}]}))
        return overlay

    def install(self):
        if self.cluster.has("namespace", NAMESPACE, namespace=None):
            raise Failed(f"there is a namespace {NAMESPACE} already: this test makes and removes it")
        self.load_images()
        self.make_volume()
        began = time.monotonic()
        self.apply(NO_IMAGE)
        say(f"installed: platform and gateway ready after {time.monotonic() - began:.1f} s")
        self.connect()

    def apply(self, transcribe):
        """Installs, or takes over other settings."""
        self.chains("up", "--kubernetes", "--overlay", self.write_overlay(transcribe), "--kubeconfig",
                    self.cluster.kubeconfig, "--timeout", f"{SECONDS:.0f}s", timeout=SECONDS + 30)

    def connect(self):
        """As clients that know the gateway's address, and have a key."""
        secret = self.cluster.json("get", "secret", "chains-admin-key")["data"]["key"]
        self.key = base64.b64decode(secret).decode()
        self.http, = self.forward("chains-gateway", 8080)

    def forward(self, service, *ports):
        self.forwards.append(Forward(self.cluster, service, *ports))
        return self.forwards[-1].addresses

    def uninstall(self):
        """All of it; what is left, in lines."""
        for forward in self.forwards:
            forward.close()
        self.forwards = []
        began = time.monotonic()
        if self.cluster.has("namespace", NAMESPACE, namespace=None):
            self.chains("down", "--kubernetes", "--yes", "--kubeconfig", self.cluster.kubeconfig, timeout=2 * SECONDS)
        self.remove_volume()
        self.forget_gpus()
        say(f"uninstalled after {time.monotonic() - began:.1f} s")
        left = []
        if self.cluster.has("namespace", NAMESPACE, namespace=None):
            left.append(f"namespace {NAMESPACE}")
        kinds = "pods,deployments,replicasets,services,configmaps,secrets,pvc,leases,poddisruptionbudgets"
        for item in self.cluster.json("get", kinds, "--all-namespaces", namespace=None)["items"]:
            if item["metadata"].get("namespace") == NAMESPACE or item["metadata"].get("labels", {}).get(
                    "app.kubernetes.io/part-of") == "chains":
                left.append(f"{item['kind']} {item['metadata']['name']}")
        left += [f"PersistentVolume {name}" for name in self.cluster.names("pv", namespace=None) if name == VOLUME]
        return left

    def close(self):
        for forward in self.forwards:
            forward.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- chains

    def chains(self, *arguments, check=True, stdin="", timeout=SECONDS):
        """`chains ARGUMENTS`: a CompletedProcess, as text."""
        done = subprocess.run([str(self.bin / "chains"), *map(str, arguments)], capture_output=True, text=True,
                              env=self.environment, input=stdin, timeout=timeout)
        if check and done.returncode != 0:
            raise Failed(f"chains {' '.join(map(str, arguments))}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments, **options):
        """The last line of its output, as JSON."""
        return json.loads(self.chains(*arguments, "--output", "json", **options).stdout.strip().splitlines()[-1])

    def push(self, what, *flags, **options):
        """Pushes, and answers the id of the deployment once it is live."""
        began = time.monotonic()
        id_ = self.json("push", what, *flags, timeout=3 * SECONDS, **options)["deployment"]["id"]
        say(f"chains push {pathlib.Path(what).name} {' '.join(flags)}: live after {time.monotonic() - began:.1f} s")
        return id_

    def retire(self, deployment):
        """Ends its replicas, so that what comes after it has the node to itself."""
        self.chains("deactivate", deployment)
        until(lambda: not self.cluster.names("pods", f"chains.dev/deployment={deployment}"),
              f"pods of {deployment} to be gone")

    def status(self, *arguments):
        found = self.json("status", *arguments)
        return found.get("deployment", found)

    def chainlet(self, name, *arguments):
        return next(each for each in self.status(*arguments)["chainlets"] if each["chainlet"].endswith(f".{name}"))

    def replicas(self, name, *arguments):
        """Names of those that are ready."""
        return {each["name"] for each in self.chainlet(name, *arguments).get("replicas", [])
                if each["state"] == "ready"}

    def post(self, path, body, timeout=SECONDS):
        """(status, answer as JSON where it is, headers)."""
        connection = http.client.HTTPConnection(self.http, timeout=timeout)
        try:
            text = body if isinstance(body, (str, bytes)) else json.dumps(body)
            connection.request("POST", path, text, {"Authorization": f"Api-Key {self.key}"})
            response = connection.getresponse()
            answer = response.read().decode()
        finally:
            connection.close()
        try:
            return response.status, json.loads(answer), response.headers
        except ValueError:
            return response.status, answer, response.headers

    def ask(self, path, body, timeout=SECONDS):
        status, answer, _ = self.post(path, body, timeout)
        if status != 200:
            raise Failed(f"POST {path}: {status} {answer}")
        return answer

    def receipt(self, path, body):
        """(answer, the call tree of the request)."""
        status, answer, headers = self.post(f"{path}?receipt=1", body)
        if status != 200:
            raise Failed(f"POST {path}: {status} {answer}")
        return answer, json.loads(headers["Chains-Receipt"])["call"]
