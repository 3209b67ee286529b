#!/bin/sh
# sbom.sh ROOT IMAGE <PACKAGES: writes ROOT/usr/share/doc/chains/sbom.spdx.json: what the image has.
#
# An SPDX 2.3 document: the packages of Debian whose names come on standard input, with their
# versions; our own programs below ROOT with their digests; what is linked into those
# (usr/share/chains/built-with); and the libraries of CUDA (usr/local/lib/cuda).
set -eu
root=$1 image=$2
file=$root/usr/share/doc/chains/sbom.spdx.json
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$(dirname "$file")"

# Rows of name, version, architecture, kind, file and digest, with tabs between.
debian() {
  while read -r package; do
    dpkg-query --show --showformat='${Package}\t${Version}\t${Architecture}\t' "$package"
    case $(dpkg-query --show --showformat='${Maintainer}' "$package") in
      'Chains maintainers '*) printf 'ours\t\t\n' ;;
      *) printf 'debian\t\t\n' ;;
    esac
  done
}
files() { # KIND FOLDER PATTERN: each file's row; its version is what VERSIONS beside it says, if it does
  for each in "$root$2"/$3; do
    [ -f "$each" ] || continue
    [ ! -L "$each" ] || continue
    name=$(basename "$each")
    version=$(sed -n "s/^${name%%.so*} //p" "$root$2/VERSIONS" 2>/dev/null || true)
    printf '%s\t%s\t\t%s\t%s\t%s\n' "$name" "$version" "$1" "${each#"$root"}" \
      "$(sha256sum "$each" | cut -d' ' -f1)"
  done
}
linked_in() {
  for each in "$root"/usr/share/chains/built-with/*; do
    [ -f "$each" ] || continue
    while read -r name version architecture; do
      printf '%s\t%s\t%s\tlinked\t\t\n' "$name" "$version" "$architecture"
    done <"$each"
  done | sort -u
}
{
  debian
  files program /usr/bin 'chains*'
  files cuda /usr/local/lib/cuda 'lib*.so*'
  linked_in
} >"$work/rows"

digest=$(sha256sum "$work/rows" | cut -c1-16)
created=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)
awk -F '\t' -v image="$image" -v digest="$digest" -v created="$created" '
function text(value) { gsub(/\\/, "\\\\", value); gsub(/"/, "\\\"", value); return "\"" value "\"" }
function escaped(value) { gsub(/%/, "%25", value); gsub(/\+/, "%2B", value); gsub(/:/, "%3A", value); return value }
function field(name, value) { return "      " text(name) ": " text(value) }
function relation(from, kind, to) {
  relations[++related] = "    {\"spdxElementId\": " text(from) ", \"relationshipType\": " text(kind) \
    ", \"relatedSpdxElement\": " text(to) "}"
}
BEGIN {
  print "{\n  \"spdxVersion\": \"SPDX-2.3\",\n  \"dataLicense\": \"CC0-1.0\",\n  \"SPDXID\": \"SPDXRef-DOCUMENT\","
  print "  \"name\": " text("chains-" image) ","
  print "  \"documentNamespace\": " text("https://chains.invalid/sbom/" image "-" digest) ","
  print "  \"creationInfo\": {\"created\": " text(created) ", \"creators\": [\"Tool: chains-sbom\"]},"
  print "  \"packages\": ["
  print "    {\n" field("name", "chains-" image) ",\n" field("SPDXID", "SPDXRef-image") ",\n" \
    field("downloadLocation", "NOASSERTION") ",\n" field("licenseConcluded", "NOASSERTION") ",\n" \
    field("licenseDeclared", "NOASSERTION") ",\n" field("copyrightText", "NOASSERTION") ",\n" \
    field("primaryPackagePurpose", "CONTAINER") ",\n      \"filesAnalyzed\": false\n    }"
  relation("SPDXRef-DOCUMENT", "DESCRIBES", "SPDXRef-image")
}
{
  id = "SPDXRef-" $4 "-" NR
  ours = $4 == "ours" || $4 == "program"
  licence = ours ? "Apache-2.0" : "NOASSERTION"
  printf "    ,{\n%s,\n%s", field("name", $1), field("SPDXID", id)
  if ($2 != "") printf ",\n%s", field("versionInfo", $2)
  printf ",\n%s,\n%s,\n%s", field("downloadLocation", "NOASSERTION"), field("licenseConcluded", licence), \
    field("licenseDeclared", licence)
  printf ",\n%s,\n      \"filesAnalyzed\": false", field("copyrightText", "NOASSERTION")
  if ($4 == "debian" || $4 == "linked")
    printf ",\n%s,\n      \"externalRefs\": [{\"referenceCategory\": \"PACKAGE-MANAGER\", \"referenceType\": \"purl\", \"referenceLocator\": %s}]", \
      field("supplier", "Organization: Debian"), \
      text("pkg:deb/debian/" escaped($1) "@" escaped($2) "?arch=" $3 "&distro=debian-12")
  if (ours) printf ",\n%s", field("supplier", "Organization: Chains")
  if ($4 == "cuda") printf ",\n%s", field("supplier", "Organization: NVIDIA")
  if ($6 != "")
    printf ",\n%s,\n      \"checksums\": [{\"algorithm\": \"SHA256\", \"checksumValue\": %s}]", \
      field("packageFileName", $5), text($6)
  print "\n    }"
  relation("SPDXRef-image", "CONTAINS", id)
}
END {
  print "  ],\n  \"relationships\": ["
  for (i = 1; i <= related; ++i) print relations[i] (i < related ? "," : "")
  print "  ]\n}"
}' "$work/rows" >"$file"
