#!/usr/bin/env python3
"""What /openapi.json says: valid by a public validator, and enough for a public generator of
TypeScript clients, whose client compiles in strict mode and calls a gateway."""
import json
import pathlib
import shutil
import subprocess
import unittest
import urllib.request

import node_packages
import processes
from processes import KEY, EndToEnd, serve

ROOT = pathlib.Path(__file__).parents[2]
SCRIPTS = ROOT / "tests/e2e/typescript"
FOLDER = node_packages.folder("typescript")
TOOLS = FOLDER.parent / "node_modules/.bin"
SECONDS = 120


def run(*arguments):
    """A script or a tool; its output, or a failure that shows all it said."""
    done = subprocess.run(list(map(str, arguments)), cwd=FOLDER, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        raise AssertionError(f"{arguments} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


class OpenApi(EndToEnd):
    @classmethod
    def prepare(cls):
        cls.hello = cls.start(serve("hello", "HelloAll,SayHello"))
        cls.streaming = cls.start(serve("streaming", "Consumer,Generator"))
        # Its contract is all that is asked for: the language model is nowhere.
        cls.poems = cls.start(serve("poems", "PoemGenerator", "--endpoints", "PhiLlm=127.0.0.1:1"))
        cls.gateway = cls.start(processes.gateway(cls.folder.name, {
            "hello/production": cls.hello.address,
            "hello/deployment/8f3a": cls.hello.address,
            "poems/production": cls.poems.address,
            "streaming/production": cls.streaming.address}))
        cls.everything = cls.start(cls.gateway_of_a_file("everything", "everything.Everything"))
        for script in SCRIPTS.iterdir():
            shutil.copy(script, FOLDER)

    @classmethod
    def gateway_of_a_file(cls, name, entrypoint):
        """Before a contract that nobody serves."""
        descriptors = pathlib.Path(cls.folder.name) / f"{name}.descriptors"
        run("protoc", f"-I{ROOT / 'proto'}", f"-I{ROOT / 'tests/runtime/json'}", "--include_imports",
             "--include_source_info", f"--descriptor_set_out={descriptors}", f"{name}.proto")
        return processes.gateway(cls.folder.name, {f"{name}/production": "127.0.0.1:1"}, "--descriptors",
                                 descriptors, "--entrypoint", entrypoint)

    def fetch(self, path):
        status, headers, document = self.ask(path, None, method="GET", key=None)
        self.assertEqual(status, 200, document)
        return headers, document

    def fetch_from(self, server, path):
        with urllib.request.urlopen(f"http://{server.address}{path}", timeout=60) as response:
            return json.load(response)

    def write(self, name, document):
        (FOLDER / name).write_text(json.dumps(document))
        return FOLDER / name

    def generate(self, name):
        """A client in a folder of that name, of the documents that write() left."""
        shutil.rmtree(FOLDER / name, ignore_errors=True)
        run(TOOLS / "openapi-ts", "--input", f"{name}.json", "--output", name, "--client",
            "@hey-api/client-fetch")

    def test_is_valid_for_all_and_for_each_route(self):
        files = []
        for path in ("", "/chains/hello", "/chains/hello/environments/production",
                     "/chains/hello/deployment/8f3a", "/chains/poems/production",
                     "/chains/streaming/production"):
            _, document = self.fetch(f"{path}/openapi.json")
            self.assertEqual(document["servers"], [{"url": path or "/"}])
            files.append(self.write(f"document{len(files)}.json", document))
        files.append(self.write("everything.json", self.fetch_from(self.everything, "/openapi.json")))
        said = run("node", "validate.mjs", *files)
        self.assertEqual(said.count("valid\n"), len(files), said)

    def test_has_the_comments_of_the_contract(self):
        _, document = self.fetch("/chains/hello/production/openapi.json")
        self.assertTrue(document["info"]["description"].startswith("Says hello to many at once."))
        self.assertEqual(document["paths"]["/run_remote"]["post"]["summary"],
                         "The entrypoint: says hello to all.")
        _, document = self.fetch("/chains/poems/production/openapi.json")
        self.assertEqual(document["paths"]["/write_poem"]["post"]["summary"],
                         "One about a word, as it is written.")

    def test_is_not_sent_again_to_who_has_it(self):
        headers, _ = self.fetch("/openapi.json")
        status, again, body = self.ask("/openapi.json", None, {"If-None-Match": headers["ETag"]},
                                       method="GET", key=None)
        self.assertEqual((status, again["ETag"], body), (304, headers["ETag"], ""))

    def test_a_generated_client_compiles_and_calls(self):
        self.write("client.json", self.fetch("/openapi.json")[1])
        self.write("everything.json", self.fetch_from(self.everything, "/openapi.json"))
        self.generate("client")
        self.generate("everything")
        run(TOOLS / "tsc", "--project", ".")
        # The generator leaves out suffixes of files, which node allows in CommonJS only.
        self.write("compiled/package.json", {"type": "commonjs"})
        said = run("node", "compiled/client_test.js", f"http://{self.gateway.address}", KEY)
        self.assertIn("all passed", said)


if __name__ == "__main__":
    unittest.main()
