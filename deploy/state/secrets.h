// SecretBox: secrets as they lie in the database: sealed with a key that lies outside of it.
//
//   absl::StatusOr<SecretBox> box = SecretBox::Load(folder / "secrets.key");
//   absl::StatusOr<std::string> sealed = box->Seal("openai", value);   // into a SecretRecord
//   absl::StatusOr<std::string> value = box->Open("openai", *sealed);
//   … Wipe(*value);
//
// AES-256-GCM with a nonce of its own for every sealing; the name is bound to what is sealed, so
// that one secret does not pass for another. Who has the database alone, a copy of it say, has no
// secrets; who loses the key has lost them.
//
// Thread-safe once loaded. Loading blocks.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::deploy {

class SecretBox {
 public:
  static constexpr size_t kMostBytes = 1 << 20;  // of a secret

  // Makes the key where there is none, for this user alone. FAILED_PRECONDITION: others may read
  // it, or it is somebody else's; DATA_LOSS: it is no key. Each says what to do.
  static absl::StatusOr<SecretBox> Load(const std::filesystem::path& key_file);

  // Of a key that is kept elsewhere: `where` says that in messages. DATA_LOSS: it is no key.
  static absl::StatusOr<SecretBox> FromKey(std::string where, std::string_view key);
  // A new one for FromKey(): 32 bytes.
  static absl::StatusOr<std::string> NewKey();

  // Nonce, ciphertext and tag. INVALID_ARGUMENT: the value has more than kMostBytes.
  absl::StatusOr<std::string> Seal(std::string_view name, std::string_view value) const;
  // DATA_LOSS: sealed with another key or under another name, or changed since. The value is the
  // caller's to wipe.
  absl::StatusOr<std::string> Open(std::string_view name, std::string_view sealed) const;

 private:
  struct Key {
    ~Key();
    std::array<unsigned char, 32> bytes{};
  };

  SecretBox(std::string file, std::unique_ptr<Key> key)
      : file_(std::move(file)), key_(std::move(key)) {}
  static absl::Status Make(const std::filesystem::path& key_file);

  std::string file_;
  std::unique_ptr<const Key> key_;
};

// Overwrites what was secret before its memory is given back.
void Wipe(std::string& text);

}  // namespace chains::deploy
