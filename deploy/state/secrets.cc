#include "deploy/state/secrets.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "chains/core/text.h"

namespace chains::deploy {
namespace {

constexpr int kNonce = 12;
constexpr int kTag = 16;

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Cipher = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int operator*() const { return number_; }
  bool ok() const { return number_ >= 0; }

 private:
  int number_;
};

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

absl::Status CannotMake(const std::string& file) {
  return absl::PermissionDeniedError(
      Text("cannot make the key of secrets '", file, "': ", strerror(errno),
           "; let this user write in its folder, or name another folder"));
}

absl::Status CheckKeyFile(int descriptor, const std::string& file) {
  struct stat found {};
  if (fstat(descriptor, &found) != 0) return absl::InternalError(Text(file, ": ", strerror(errno)));
  if (found.st_uid != geteuid()) {
    return absl::FailedPreconditionError(Text("the key of secrets '", file, "' belongs to user ",
                                              found.st_uid, ", this is user ", geteuid(),
                                              ": run as that user, or name another folder"));
  }
  if ((found.st_mode & 077) != 0) {
    return absl::FailedPreconditionError(Text("the key of secrets '", file,
                                              "' is open to others: chmod 600 it, and set the ",
                                              "secrets anew if they have seen it"));
  }
  return absl::OkStatus();
}

}  // namespace

void Wipe(std::string& text) {
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

SecretBox::Key::~Key() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

absl::StatusOr<SecretBox> SecretBox::Load(const std::filesystem::path& key_file) {
  constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW;
  const std::string file = key_file.string();
  if (access(file.c_str(), F_OK) != 0 && errno == ENOENT) {
    if (absl::Status made = Make(key_file); !made.ok()) return made;
  }
  const Descriptor descriptor(open(file.c_str(), kFlags));
  if (!descriptor.ok()) {
    return absl::FailedPreconditionError(
        Text("cannot read the key of secrets '", file, "': ", strerror(errno)));
  }
  if (absl::Status status = CheckKeyFile(*descriptor, file); !status.ok()) return status;
  auto key = std::make_unique<Key>();
  const auto size = static_cast<ssize_t>(key->bytes.size());
  unsigned char more = 0;
  if (read(*descriptor, key->bytes.data(), key->bytes.size()) != size ||
      read(*descriptor, &more, 1) != 0) {
    return absl::DataLossError(Text("'", file, "' is no key of secrets, which has ", size,
                                    " bytes: bring it back, or ",
                                    "remove it and set all secrets anew"));
  }
  return SecretBox(file, std::move(key));
}

absl::StatusOr<SecretBox> SecretBox::FromKey(std::string where, std::string_view key) {
  auto kept = std::make_unique<Key>();
  if (key.size() != kept->bytes.size()) {
    return absl::DataLossError(Text("'", where, "' is no key of secrets, which has ",
                                    kept->bytes.size(), " bytes: bring it back, or remove it and ",
                                    "set all secrets anew"));
  }
  std::copy(key.begin(), key.end(), kept->bytes.begin());
  return SecretBox(std::move(where), std::move(kept));
}

absl::StatusOr<std::string> SecretBox::NewKey() {
  std::string key(std::tuple_size_v<decltype(Key::bytes)>, '\0');
  if (RAND_bytes(Bytes(key), static_cast<int>(key.size())) != 1) {
    return absl::InternalError("the system has no random numbers for a key");
  }
  return key;
}

// Under another name first: a key that is there is whole, whenever this process may be killed.
absl::Status SecretBox::Make(const std::filesystem::path& key_file) {
  const std::string file = key_file.string();
  const std::string unfinished = file + ".new";
  Key key;
  if (RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) != 1) {
    return absl::InternalError("the system has no random numbers for a key");
  }
  unlink(unfinished.c_str());  // of one who was killed
  const Descriptor made(open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made.ok()) return CannotMake(file);
  const bool written =
      write(*made, key.bytes.data(), key.bytes.size()) == static_cast<ssize_t>(key.bytes.size()) &&
      fsync(*made) == 0;
  // Unlike a rename a link replaces nothing.
  if (!written || link(unfinished.c_str(), file.c_str()) != 0) {
    const absl::Status failed = CannotMake(file);
    unlink(unfinished.c_str());
    return failed;
  }
  unlink(unfinished.c_str());
  const std::string folder = key_file.has_parent_path() ? key_file.parent_path().string() : ".";
  const Descriptor above(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return above.ok() && fsync(*above) == 0 ? absl::OkStatus() : CannotMake(file);
}

absl::StatusOr<std::string> SecretBox::Seal(std::string_view name, std::string_view value) const {
  if (value.size() > kMostBytes || name.size() > kMostBytes) {
    return absl::InvalidArgumentError(Text("the secret '", name.substr(0, 100), "' has ",
                                           value.size(), " bytes; it may have ", kMostBytes));
  }
  std::string sealed(kNonce + value.size() + kTag, '\0');
  unsigned char* const nonce = Bytes(sealed);
  unsigned char* const text = nonce + kNonce;
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool done =
      cipher != nullptr && RAND_bytes(nonce, kNonce) == 1 &&
      EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_->bytes.data(), nonce) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, Bytes(name), static_cast<int>(name.size())) ==
          1 &&
      EVP_EncryptUpdate(cipher.get(), text, &size, Bytes(value), static_cast<int>(value.size())) ==
          1 &&
      EVP_EncryptFinal_ex(cipher.get(), text + value.size(), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, text + value.size()) == 1;
  if (!done) return absl::InternalError(Text("cannot seal the secret '", name, "'"));
  return sealed;
}

absl::StatusOr<std::string> SecretBox::Open(std::string_view name, std::string_view sealed) const {
  const absl::Status wrong = absl::DataLossError(
      Text("the secret '", name, "' cannot be opened: it was sealed with another key than '", file_,
           "' has, or was changed; bring back that key, or set the secret anew"));
  if (sealed.size() < kNonce + kTag || sealed.size() > kNonce + kMostBytes + kTag) return wrong;
  std::string value(sealed.size() - kNonce - kTag, '\0');
  std::string tag(sealed.substr(sealed.size() - kTag));
  const Cipher cipher(EVP_CIPHER_CTX_new());
  int size = 0;
  const bool done =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key_->bytes.data(),
                         Bytes(sealed)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, tag.data()) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, Bytes(name), static_cast<int>(name.size())) ==
          1 &&
      EVP_DecryptUpdate(cipher.get(), Bytes(value), &size, Bytes(sealed.substr(kNonce)),
                        static_cast<int>(value.size())) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), Bytes(value) + value.size(), &size) == 1;
  if (done) return value;
  Wipe(value);
  return wrong;
}

}  // namespace chains::deploy
