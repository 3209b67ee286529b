#!/usr/bin/env python3
"""Compares what protoc-gen-chains writes and says with what is recorded beside the .proto files.

golden.py PROTOC PLUGIN PROTO_ROOT [--update]

good/: the plugin accepts each file; FILE.chains.h, .chains.cc and .comments.cc are recorded in golden/.
contracts/: the plugin refuses each file; what it says is recorded in FILE.expected.
"""
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent


def run(protoc, plugin, proto_root, root, proto, out):
    return subprocess.run(
        [protoc, f"-I{root}", f"-I{proto_root}", f"--plugin=protoc-gen-chains={plugin}",
         f"--chains_out={out}", proto], capture_output=True, text=True)


def outputs(protoc, plugin, proto_root):
    """Yields (recorded file, its text now)."""
    for proto in sorted((HERE / "contracts").glob("*.proto")):
        with tempfile.TemporaryDirectory() as out:
            done = run(protoc, plugin, proto_root, proto.parent, proto.name, out)
            assert done.returncode != 0, f"{proto.name} was accepted"
            assert not list(pathlib.Path(out).iterdir()), f"{proto.name}: files were written"
            yield proto.with_suffix(".expected"), done.stderr
    for proto in sorted((HERE / "good").glob("**/*.proto")):
        with tempfile.TemporaryDirectory() as out:
            name = proto.relative_to(HERE / "good")
            done = run(protoc, plugin, proto_root, HERE / "good", str(name), out)
            assert done.returncode == 0, f"{name} was refused:\n{done.stderr}"
            for suffix in (".chains.h", ".chains.cc", ".comments.cc"):
                written = name.with_suffix(suffix)
                yield (HERE / "golden" / written.parent / (written.name + ".golden"),
                       (pathlib.Path(out) / written).read_text())


def main():
    protoc, plugin, proto_root, *rest = sys.argv[1:]
    failed = False
    for recorded, text in outputs(protoc, plugin, proto_root):
        if rest == ["--update"]:
            recorded.parent.mkdir(parents=True, exist_ok=True)
            recorded.write_text(text)
            continue
        if recorded.exists() and recorded.read_text() == text:
            continue
        failed = True
        print(f"{recorded.relative_to(HERE)} differs from what the plugin does now:")
        subprocess.run(["diff", "-u", str(recorded), "-"], input=text, text=True)
    sys.exit(failed)


main()
