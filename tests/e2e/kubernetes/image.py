#!/usr/bin/env python3
"""Programs of a build tree as container images, without a container engine: for tests on a cluster.

    image.py OUT.tar NAME:TAG PROGRAM... [--add FOLDER]     # then: ctr -n k8s.io images import OUT.tar

The images that are shipped are built by docker/. This one takes seconds: the programs, the libraries that they need
(ldd says which), the certificates of authorities, and nothing else; so it has no shell either. Programs lie in
/usr/bin and run as 65532, as in the images that are shipped. The archive is in the form of `docker save`.
"""
import argparse
import hashlib
import io
import json
import os
import pathlib
import re
import subprocess
import tarfile
import tempfile

USER = 65532
CERTIFICATES = pathlib.Path("/etc/ssl/certs/ca-certificates.crt")
FOLDERS = ("etc/ssl/certs", "usr/bin", "var/lib/chains", "run/chains")


def libraries(programs):
    """{path in the image: file} of what these programs load, the loader included."""
    found = {}
    for program in programs:
        said = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
        if "not found" in said:
            raise SystemExit(f"image.py: {program} lacks libraries:\n{said}")
        for path in re.findall(r"(?:=> )?(/\S+) \(0x", said):
            found[path.lstrip("/")] = os.path.realpath(path)
    return found


def add(layer, name, data=b"", kind=tarfile.REGTYPE, mode=0o755, owner=0, link=""):
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.uid, entry.gid, entry.size, entry.linkname = kind, mode, owner, owner, len(data), link
    layer.addfile(entry, io.BytesIO(data))


def add_folder(layer, folder):
    """With what is in it, at its own path."""
    for path in sorted([folder, *folder.rglob("*")]):
        name = str(path).lstrip("/")
        if path.is_symlink():
            add(layer, name, kind=tarfile.SYMTYPE, link=os.readlink(path))
        elif path.is_dir():
            add(layer, name, kind=tarfile.DIRTYPE)
        else:
            add(layer, name, path.read_bytes(), mode=0o644)


def write_layer(path, programs, folders):
    with tarfile.open(path, "w") as layer:
        # Debian's folders of /usr have links in /.
        for folder in ("usr", "usr/bin", "usr/lib", "usr/lib64", "etc", "var", "run", "tmp", "dev", "proc", "sys"):
            add(layer, folder, kind=tarfile.DIRTYPE, mode=0o1777 if folder == "tmp" else 0o755)
        for folder in ("bin", "lib", "lib64"):
            add(layer, folder, kind=tarfile.SYMTYPE, link=f"usr/{folder}")
        for folder in FOLDERS:
            add(layer, folder, kind=tarfile.DIRTYPE, owner=USER if "chains" in folder else 0)
        add(layer, "etc/passwd", f"root:x:0:0::/:/\nchains:x:{USER}:{USER}::/:/\n".encode(), mode=0o644)
        add(layer, "etc/group", f"root:x:0:\nchains:x:{USER}:\n".encode(), mode=0o644)
        add(layer, "etc/nsswitch.conf", b"hosts: files dns\n", mode=0o644)
        if CERTIFICATES.exists():
            add(layer, str(CERTIFICATES).lstrip("/"), CERTIFICATES.read_bytes(), mode=0o644)
        for name, file in sorted(libraries(programs).items()):
            name = re.sub(r"^(lib|lib64|bin)/", r"usr/\1/", name)
            add(layer, name, pathlib.Path(file).read_bytes())
        for program in programs:
            add(layer, f"usr/bin/{program.name}", program.read_bytes())
        for folder in folders:
            add_folder(layer, folder)


def write_image(out, name, programs, folders=()):
    with tempfile.TemporaryDirectory() as folder:
        layer = pathlib.Path(folder) / "layer.tar"
        write_layer(layer, programs, folders)
        digest = hashlib.sha256(layer.read_bytes()).hexdigest()
        config = json.dumps({
            "architecture": "amd64", "os": "linux",
            "config": {"User": f"{USER}:{USER}", "Env": ["PATH=/usr/bin"], "WorkingDir": "/",
                       "Entrypoint": [f"/usr/bin/{programs[0].name}"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}).encode()
        config_name = hashlib.sha256(config).hexdigest() + ".json"
        manifest = json.dumps([{"Config": config_name, "RepoTags": [name], "Layers": [f"{digest}.tar"]}]).encode()
        with tarfile.open(out, "w") as image:
            add(image, config_name, config, mode=0o644)
            image.add(layer, f"{digest}.tar")
            add(image, "manifest.json", manifest, mode=0o644)
    print(f"{out}: {name}, {os.path.getsize(out) / 2**20:.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("name")
    parser.add_argument("programs", nargs="+", type=pathlib.Path)
    parser.add_argument("--add", action="append", default=[], type=pathlib.Path, metavar="FOLDER",
                        help="a folder of this machine, at the same path")
    given = parser.parse_args()
    write_image(given.out, given.name, given.programs, given.add)


if __name__ == "__main__":
    main()
