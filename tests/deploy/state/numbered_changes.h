// Changes with numbers, each of all tables at once: after any of them it can be seen from what is
// in the store which was the last, and whether all of it is there.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "chains/core/text.h"
#include "deploy/state/sqlite_store.h"

namespace chains::deploy {

inline std::string NumberedId(int number) { return Text("d", number); }

// Some are of many pages.
inline std::string NumberedSecret(int number) {
  return std::string(static_cast<size_t>(number % 4) * 3000, static_cast<char>('a' + number % 26));
}

// Puts deployment, key and secret of this number, points production at it, and takes away those of
// three numbers before.
inline Store::Change NumberedChange(int number) {
  Store::Change change;
  change.put_deployments.emplace_back().set_id(NumberedId(number));
  state::EnvironmentRecord& production = change.put_environments.emplace_back();
  production.set_chain("hello");
  production.set_name("production");
  production.set_deployment(NumberedId(number));
  production.set_created_unix_ms(number);
  change.put_keys.emplace_back().set_name(NumberedId(number));
  state::SecretRecord& secret = change.put_secrets.emplace_back();
  secret.set_name(NumberedId(number));
  secret.set_sealed(NumberedSecret(number));
  change.delete_deployments = {NumberedId(number - 3)};
  change.delete_keys = change.delete_secrets = change.delete_deployments;
  return change;
}

// The number of the last change that the contents have; 0 for none. Fails the test where they have
// half of one.
inline int LastChangeIn(const Store::Contents& contents) {
  const int last = contents.environments.empty()
                       ? 0
                       : static_cast<int>(contents.environments.front().created_unix_ms());
  const size_t kept = static_cast<size_t>(std::min(last, 3));
  EXPECT_EQ(contents.deployments.size(), kept);
  EXPECT_EQ(contents.keys.size(), kept);
  EXPECT_EQ(contents.secrets.size(), kept);
  const auto has = [](const auto& records, const auto& field, int number) {
    return std::any_of(records.begin(), records.end(),
                       [&](const auto& each) { return field(each) == NumberedId(number); });
  };
  for (int number = std::max(1, last - 2); number <= last; ++number) {
    EXPECT_TRUE(has(
        contents.deployments, [](const auto& each) { return each.id(); }, number));
    EXPECT_TRUE(has(
        contents.keys, [](const auto& each) { return each.name(); }, number));
    EXPECT_TRUE(has(
        contents.secrets, [](const auto& each) { return each.name(); }, number));
    for (const state::SecretRecord& secret : contents.secrets) {
      if (secret.name() != NumberedId(number)) continue;
      EXPECT_EQ(secret.sealed(), NumberedSecret(number));
    }
  }
  return last;
}

}  // namespace chains::deploy
