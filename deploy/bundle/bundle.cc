#include "deploy/bundle/bundle.h"

#include <algorithm>
#include <set>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_split.h"
#include "chains/core/text.h"
#include "deploy/bundle/digest.h"
#include "deploy/bundle/gpu_module.h"

namespace chains::deploy {
namespace {

// As it may be shown: without what moves a terminal's cursor, and not too long.
std::string Shown(std::string_view text) {
  return Text("'", absl::CHexEscape(ToAbsl(text.substr(0, 100))), text.size() > 100 ? "…'" : "'");
}

absl::Status Invalid(std::string_view what) {
  return absl::InvalidArgumentError(Text("the bundle is not valid: ", what));
}

bool IsChainName(std::string_view name) {
  return !name.empty() && name.size() <= 200 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
  });
}

absl::Status CheckManifest(const v1::Manifest& manifest, std::set<std::string>& chainlets) {
  if (!IsChainName(manifest.chain())) {
    return Invalid(Text("its manifest names the chain ", Shown(manifest.chain()),
                        "; a name consists of letters, digits, '-' and '_'"));
  }
  for (const v1::Chainlet& chainlet : manifest.chainlets()) {
    if (!chainlets.insert(chainlet.name()).second) {
      return Invalid(Text("its manifest has the chainlet ", Shown(chainlet.name()), " twice"));
    }
  }
  if (chainlets.count(manifest.entrypoint()) == 0) {
    return Invalid(Text("its manifest names the entrypoint ", Shown(manifest.entrypoint()),
                        ", which is none of its chainlets"));
  }
  return absl::OkStatus();
}

absl::Status CheckCode(const v1::Bundle& bundle, const std::set<std::string>& chainlets) {
  for (const v1::ChainletCode& code : bundle.code()) {
    if (chainlets.count(code.chainlet()) == 0) {
      return Invalid(Text("code names ", Shown(code.chainlet()), ", which is no chainlet of it"));
    }
    if (code.sha256().size() != kSha256Size) {
      return Invalid(Text("the digest of the code of ", Shown(code.chainlet()), " has ",
                          code.sha256().size(), " bytes, not 32"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFile(const v1::BundleFile& file) {
  if (const std::string problem = ProblemOfPath(file.path()); !problem.empty()) {
    return Invalid(Text("the path ", Shown(file.path()), " ", problem));
  }
  if (file.sha256().size() != kSha256Size) {
    return Invalid(Text("the digest of ", Shown(file.path()), " has ", file.sha256().size(),
                        " bytes, not 32"));
  }
  if (file.size() > kMaxBundleBytes) {
    return Invalid(Text("the file ", Shown(file.path()), " has ", file.size(), " bytes, more than ",
                        kMaxBundleBytes));
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const v1::Bundle& bundle) {
  if (bundle.files_size() > kMaxBundleFiles) {
    return Invalid(Text("it has ", bundle.files_size(), " files, more than ", kMaxBundleFiles));
  }
  std::set<std::string_view> folders;
  std::string_view previous;
  uint64_t bytes = 0;
  for (const v1::BundleFile& file : bundle.files()) {
    if (absl::Status status = CheckFile(file); !status.ok()) return status;
    const std::string_view path = file.path();
    if (path == previous) return Invalid(Text("it has the file ", Shown(path), " twice"));
    if (path < previous) {
      return Invalid(Text("its files are not in ascending order: ", Shown(path), " comes after ",
                          Shown(previous)));
    }
    previous = path;
    for (size_t i = path.find('/'); i != path.npos; i = path.find('/', i + 1)) {
      folders.insert(path.substr(0, i));
    }
    bytes += file.size();
    if (bytes > kMaxBundleBytes) {
      return Invalid(Text("its files have more than ", kMaxBundleBytes, " bytes together"));
    }
  }
  for (const v1::BundleFile& file : bundle.files()) {
    if (folders.count(file.path()) != 0) {
      return Invalid(Text("it has ", Shown(file.path()), " as a file and as a folder"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckProgram(const v1::Bundle& bundle) {
  for (const v1::BundleFile& file : bundle.files()) {
    if (file.path() != bundle.program()) continue;
    if (file.executable()) return absl::OkStatus();
    return Invalid(Text("its program ", Shown(bundle.program()), " is not executable"));
  }
  return Invalid(Text("its program ", Shown(bundle.program()), " is none of its files"));
}

}  // namespace

std::string SerializeBundle(const v1::Bundle& bundle) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    bundle.SerializeToCodedStream(&out);
  }
  return bytes;
}

std::string DigestOf(const v1::Bundle& bundle) { return Hex(Sha256Of(SerializeBundle(bundle))); }

absl::StatusOr<v1::Bundle> ParseBundle(std::string_view bytes) {
  if (bytes.size() > kMaxBundleIndexBytes) {
    return Invalid(
        Text("its index has ", bytes.size(), " bytes, more than ", kMaxBundleIndexBytes));
  }
  v1::Bundle bundle;
  if (!bundle.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Invalid("its index is no chains.v1.Bundle");
  }
  if (absl::Status valid = ValidateBundle(bundle); !valid.ok()) return valid;
  return bundle;
}

absl::Status ValidateBundle(const v1::Bundle& bundle) {
  std::set<std::string> chainlets;
  absl::Status status = CheckManifest(bundle.manifest(), chainlets);
  if (status.ok()) status = CheckCode(bundle, chainlets);
  if (status.ok()) status = CheckFiles(bundle);
  if (status.ok()) status = CheckProgram(bundle);
  if (status.ok()) status = CheckGpuModules(bundle);
  return status;
}

std::string ProblemOfPath(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.size() > kMaxPathLength) return Text("is longer than ", kMaxPathLength, " bytes");
  if (path.front() == '/') return "is not relative";
  for (const char c : path) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) return "has a control character";
  }
  for (const absl::string_view part : absl::StrSplit(ToAbsl(path), '/')) {
    if (part.empty() || part == ".") return "is not normalized";
    if (part == "..") return "has '..' in it";
    if (part.size() > 255) return "has a name longer than 255 bytes";
  }
  return "";
}

}  // namespace chains::deploy
