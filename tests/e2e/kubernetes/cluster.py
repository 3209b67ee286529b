"""A cluster, asked with kubectl; and what is said of it when something went wrong."""
import json
import os
import re
import select
import subprocess
import sys
import threading
import time

NAMESPACE = "chains"
# Of a wait for something that takes seconds; a machine that builds beside it may want more.
SECONDS = float(os.environ.get("READY_SECONDS", "120"))


class Failed(AssertionError):
    pass


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def until(condition, what, seconds=None, pause=0.1):
    """Waits for it; what it answered. `what`: text, or a function that says it when it failed."""
    deadline = time.monotonic() + (seconds or SECONDS)
    waiting = threading.Event()
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Failed(f"waited {seconds or SECONDS:.0f} s in vain for {what() if callable(what) else what}")
        waiting.wait(pause)


class Cluster:
    def __init__(self, kubeconfig):
        self.kubeconfig = os.path.abspath(kubeconfig)
        self.environment = {**os.environ, "KUBECONFIG": self.kubeconfig}

    def run(self, *arguments, check=True, stdin=None, timeout=SECONDS, namespace=NAMESPACE):
        """kubectl ARGUMENTS: a CompletedProcess, as text."""
        command = ["kubectl", *(["--namespace", namespace] if namespace else []), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=timeout,
                              env=self.environment)
        if check and done.returncode != 0:
            raise Failed(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments, **options):
        return json.loads(self.run(*arguments, "--output", "json", **options).stdout)

    def apply(self, *objects, namespace=NAMESPACE):
        """Server-side, strictly."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
        return self.run("apply", "--server-side", "--validate=strict", "-f", "-", stdin=text, namespace=namespace)

    def items(self, kind, selector="", namespace=NAMESPACE):
        flags = ["--selector", selector] if selector else []
        return self.json("get", kind, *flags, namespace=namespace)["items"]

    def names(self, kind, selector="", namespace=NAMESPACE):
        return {each["metadata"]["name"] for each in self.items(kind, selector, namespace)}

    def pods(self, chain="", chainlet=""):
        """Of replicas; those that are on their way out are not among them."""
        wanted = "app.kubernetes.io/component=replica"
        if chain:
            wanted += f",chains.dev/chain={chain}"
        if chainlet:
            wanted += f",chains.dev/chainlets={chainlet}"
        return [pod for pod in self.items("pods", wanted) if "deletionTimestamp" not in pod["metadata"]]

    def ready_pods(self, chain, chainlet=""):
        """{name: replica in it}"""
        return {pod["metadata"]["name"]: replica_of(pod) for pod in self.pods(chain, chainlet) if is_ready(pod)}

    def has(self, kind, name, namespace=NAMESPACE):
        return self.run("get", kind, name, check=False, namespace=namespace).returncode == 0

    def about(self):
        """What this ran on, in lines."""
        version = {key: value.get("gitVersion") if isinstance(value, dict) else value
                   for key, value in self.json("version", namespace=None).items()}
        lines = [f"Kubernetes {version['serverVersion']}, kubectl {version['clientVersion']}"]
        for node in self.json("get", "nodes", namespace=None)["items"]:
            info, capacity = node["status"]["nodeInfo"], node["status"]["capacity"]
            gpus = {name: count for name, count in capacity.items() if "/" in name}
            lines.append(f"node {node['metadata']['name']}: {capacity['cpu']} CPUs, {capacity['memory']}, "
                         f"{info['osImage']}, kernel {info['kernelVersion']}, {info['containerRuntimeVersion']}"
                         + (f", {gpus}" if gpus else ""))
        return lines

    def report(self, out=sys.stderr):
        """All that may help to see why something failed."""
        def show(*arguments, last=0):
            try:
                done = self.run(*arguments, check=False, timeout=30)
                lines = (done.stdout + done.stderr).splitlines()
                print(f"---- kubectl {' '.join(arguments)}", *lines[-last:], sep="\n", file=out, flush=True)
            except subprocess.TimeoutExpired:
                print(f"---- kubectl {' '.join(arguments)}: no answer", file=out, flush=True)

        show("get", "deployments,pods,services,endpointslices,pvc", "--output=wide")
        show("get", "events", "--sort-by=.lastTimestamp", last=40)
        try:
            pods = self.items("pods")
        except (Failed, subprocess.TimeoutExpired, ValueError) as problem:
            print(problem, file=out)
            return
        for pod in pods:
            name = pod["metadata"]["name"]
            if not is_ready(pod):
                show("describe", "pod", name, last=60)
            show("logs", name, "--tail=40", last=40)
            if any(status.get("restartCount") for status in pod["status"].get("containerStatuses", [])):
                show("logs", name, "--previous", "--tail=40", last=40)


def is_ready(pod):
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", []))


def replica_of(pod):
    """The replica that the platform has put there; empty: none."""
    note = json.loads(pod["metadata"].get("annotations", {}).get("chains.dev/replica") or "{}")
    return note.get("replica", "")


class Forward:
    """kubectl port-forward to a Service; `addresses` of this machine, in the order of the ports."""

    def __init__(self, cluster, service, *ports):
        self.process = subprocess.Popen(
            ["kubectl", "--namespace", NAMESPACE, "port-forward", f"service/{service}",
             *(f":{port}" for port in ports)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=cluster.environment)
        said, deadline = "", time.monotonic() + SECONDS
        while said.count("Forwarding from 127.0.0.1:") < len(ports):
            ready = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))[0]
            piece = os.read(self.process.stdout.fileno(), 65536) if ready else b""
            if not piece:
                self.close()
                raise Failed(f"kubectl port-forward service/{service}: {said}")
            said += piece.decode()
        found = dict(reversed(pair) for pair in re.findall(r"127\.0\.0\.1:(\d+) -> (\d+)", said))
        self.addresses = [f"127.0.0.1:{found[str(port)]}" for port in ports]
        # It says a line for each connection; somebody has to read them.
        self.reader = threading.Thread(target=self.process.stdout.read, daemon=True)
        self.reader.start()

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=SECONDS)
