#!/usr/bin/env python3
"""docker/scripts/sbom.sh on a folder that is made here, and what sbom.py refuses."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import sbom

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "docker" / "scripts" / "sbom.sh"


class Sbom(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("usr/bin/chains-gateway", b"a program")
        self.write("usr/share/chains/built-with/chains-gateway", b"libgrpc++-dev 1:1.51~x amd64\n")

    def write(self, path, data):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)

    def text(self, packages="libc6\ndpkg\n"):
        subprocess.run([SCRIPT, self.root, "gateway"], input=packages, text=True, check=True, timeout=60,
                       env=dict(os.environ, SOURCE_DATE_EPOCH="1700000000"))
        return (self.root / sbom.PATH[1:]).read_text()

    def test_lists_packages_of_debian_with_their_versions(self):
        document = sbom.parse(self.text())
        version = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", "libc6"],
                                 capture_output=True, text=True, check=True).stdout
        self.assertEqual(document.name, "chains-gateway")
        self.assertEqual(document.of_debian, {"libc6", "dpkg"})
        self.assertEqual(document.packages["libc6"], version)

    def test_lists_programs_with_their_digests_and_what_is_linked_into_them(self):
        document = sbom.parse(self.text())
        self.assertEqual(document.digests["/usr/bin/chains-gateway"], sbom.digest(b"a program"))
        self.assertEqual(document.packages["libgrpc++-dev"], "1:1.51~x")

    def test_lists_libraries_of_cuda_with_versions_that_are_known(self):
        self.write("usr/local/lib/cuda/libcublas.so.13", b"cublas")
        self.write("usr/local/lib/cuda/libcudnn.so.9", b"cudnn")
        self.write("usr/local/lib/cuda/VERSIONS", b"libcublas 13.1.0.3\n")
        document = sbom.parse(self.text())
        self.assertEqual(document.digests["/usr/local/lib/cuda/libcublas.so.13"], sbom.digest(b"cublas"))
        self.assertEqual(document.packages["libcublas.so.13"], "13.1.0.3")
        self.assertIsNone(document.packages["libcudnn.so.9"])

    def test_is_the_same_for_the_same_files(self):
        self.assertEqual(self.text(), self.text())

    def test_what_spdx_does_not_allow_is_refused(self):
        good = json.loads(self.text())
        for spoil in (lambda d: d.pop("creationInfo"),
                      lambda d: d.update(spdxVersion="SPDX-3.0"),
                      lambda d: d["packages"][1].pop("downloadLocation"),
                      lambda d: d["packages"][1].update(colour="red"),
                      lambda d: d["packages"][1].update(SPDXID=d["packages"][2]["SPDXID"]),
                      lambda d: d["packages"][1].pop("externalRefs"),
                      lambda d: d["relationships"].pop()):
            bad = json.loads(json.dumps(good))
            spoil(bad)
            with self.assertRaises(ValueError):
                sbom.parse(json.dumps(bad))


if __name__ == "__main__":
    if not shutil.which("dpkg-query"):
        print("SKIPPED: this is no Debian")
        sys.exit(77)
    unittest.main()
