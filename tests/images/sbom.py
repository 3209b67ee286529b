"""Reads the SBOMs of images, strictly: what SPDX 2.3 asks of a document is asked here.

https://spdx.github.io/spdx-spec/v2.3/ has the names of fields.
"""
import hashlib
import json
import re
import urllib.parse

PATH = "/usr/share/doc/chains/sbom.spdx.json"
DOCUMENT = {"spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo", "packages",
            "relationships"}
PACKAGE = {"name", "SPDXID", "versionInfo", "downloadLocation", "licenseConcluded", "licenseDeclared",
           "copyrightText", "filesAnalyzed", "supplier", "externalRefs", "checksums", "packageFileName",
           "primaryPackagePurpose"}
NEEDED = {"name", "SPDXID", "downloadLocation", "filesAnalyzed"}


class Document:
    """name; packages: name → version; digests: path → SHA-256; of_debian, ours: names of packages."""

    def __init__(self):
        self.name = ""
        self.packages = {}
        self.digests = {}
        self.of_debian = set()
        self.ours = set()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def check(holds, what):
    if not holds:
        raise ValueError(what)


def parse(text):
    """A Document; ValueError names what is wrong."""
    whole = json.loads(text)
    check(set(whole) == DOCUMENT, f"fields of the document: {sorted(set(whole) ^ DOCUMENT)}")
    check(whole["spdxVersion"] == "SPDX-2.3" and whole["dataLicense"] == "CC0-1.0"
          and whole["SPDXID"] == "SPDXRef-DOCUMENT", "head of the document")
    check(re.fullmatch(r"https://\S+[^#\s]", whole["documentNamespace"]), whole["documentNamespace"])
    created = whole["creationInfo"]
    check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created["created"]), created)
    check(created["creators"] and all(re.match("(Tool|Organization|Person): ", each)
                                      for each in created["creators"]), created)
    document = Document()
    document.name = whole["name"]
    ids = {"SPDXRef-DOCUMENT"}
    for package in whole["packages"]:
        take(package, document, ids)
    described = [each["relatedSpdxElement"] for each in whole["relationships"]
                 if each["relationshipType"] == "DESCRIBES"]
    check(described == ["SPDXRef-image"], f"it describes {described}")
    contained = {each["relatedSpdxElement"] for each in whole["relationships"]
                 if each["relationshipType"] == "CONTAINS" and each["spdxElementId"] == "SPDXRef-image"}
    check(contained == ids - {"SPDXRef-DOCUMENT", "SPDXRef-image"}, "what the image contains")
    return document


def take(package, document, ids):
    name, identity = package.get("name"), package.get("SPDXID", "")
    check(NEEDED <= set(package) <= PACKAGE, f"{name}: fields {sorted(set(package) - PACKAGE)}")
    check(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", identity) and identity not in ids, f"{name}: {identity}")
    ids.add(identity)
    kind = identity.split("-")[1]
    for each in package.get("externalRefs", []):
        check(each["referenceCategory"] == "PACKAGE-MANAGER" and each["referenceType"] == "purl", name)
        purl = urllib.parse.unquote(each["referenceLocator"])
        check(purl.startswith(f"pkg:deb/debian/{name}@{package['versionInfo']}?arch="), purl)
    for each in package.get("checksums", []):
        check(each["algorithm"] == "SHA256" and re.fullmatch(r"[0-9a-f]{64}", each["checksumValue"]), name)
        document.digests[package["packageFileName"]] = each["checksumValue"]
    if kind in ("debian", "linked"):
        check(package.get("externalRefs"), f"{name} has no purl")
    if kind == "debian":
        document.of_debian.add(name)
    if kind == "ours":
        check(package["licenseDeclared"] == "Apache-2.0", f"{name}: licence")
        document.ours.add(name)
    document.packages[name] = package.get("versionInfo")
