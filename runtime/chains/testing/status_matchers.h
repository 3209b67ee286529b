// Matchers for absl::Status and absl::StatusOr<T>, for EXPECT_THAT.
//
//   EXPECT_THAT(reply, IsOkAndHolds(Property(&Reply::number, 42)));
//   EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, HasSubstr("no such poem")));
//   EXPECT_THAT(status, IsOk());
//
// The one header of the test kit that needs GoogleMock.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include <gmock/gmock.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chains::testing {
namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

template <typename ValueMatcher>
class IsOkAndHoldsMatcher {
 public:
  explicit IsOkAndHoldsMatcher(ValueMatcher matcher) : matcher_(std::move(matcher)) {}

  template <typename StatusOrValue>
  operator ::testing::Matcher<StatusOrValue>() const {  // NOLINT(google-explicit-constructor)
    return ::testing::MakeMatcher(std::make_unique<For<StatusOrValue>>(matcher_).release());
  }

 private:
  template <typename StatusOrValue>
  class For final : public ::testing::MatcherInterface<StatusOrValue> {
   public:
    using Value = typename std::remove_cvref_t<StatusOrValue>::value_type;
    explicit For(const ValueMatcher& matcher)
        : matcher_(::testing::SafeMatcherCast<const Value&>(matcher)) {}
    void DescribeTo(std::ostream* out) const override {
      *out << "is OK and holds a value that ";
      matcher_.DescribeTo(out);
    }
    void DescribeNegationTo(std::ostream* out) const override {
      *out << "is an error, or holds a value that ";
      matcher_.DescribeNegationTo(out);
    }
    bool MatchAndExplain(StatusOrValue actual, ::testing::MatchResultListener* out) const override {
      if (!actual.ok()) {
        *out << "which is " << actual.status();
        return false;
      }
      return matcher_.MatchAndExplain(*actual, out);
    }

   private:
    const ::testing::Matcher<const Value&> matcher_;
  };
  const ValueMatcher matcher_;
};

class StatusIsMatcher {
 public:
  StatusIsMatcher(::testing::Matcher<absl::StatusCode> code,
                  ::testing::Matcher<const std::string&> message)
      : code_(std::move(code)), message_(std::move(message)) {}
  using is_gtest_matcher = void;

  void DescribeTo(std::ostream* out) const {
    *out << "has a code that ";
    code_.DescribeTo(out);
    *out << " and a message that ";
    message_.DescribeTo(out);
  }
  void DescribeNegationTo(std::ostream* out) const { *out << "has another code or message"; }
  template <typename Status>
  bool MatchAndExplain(const Status& actual, ::testing::MatchResultListener* out) const {
    const absl::Status& status = StatusOf(actual);
    if (out->IsInterested()) *out << "which is " << status;
    return code_.Matches(status.code()) && message_.Matches(std::string(status.message()));
  }

 private:
  const ::testing::Matcher<absl::StatusCode> code_;
  const ::testing::Matcher<const std::string&> message_;
};

}  // namespace internal

// An OK StatusOr<T> whose value matches `matcher` (a matcher or a value).
template <typename ValueMatcher>
internal::IsOkAndHoldsMatcher<std::decay_t<ValueMatcher>> IsOkAndHolds(ValueMatcher&& matcher) {
  return internal::IsOkAndHoldsMatcher<std::decay_t<ValueMatcher>>(
      std::forward<ValueMatcher>(matcher));
}

// A Status or StatusOr<T> with this code, and a message that matches.
inline internal::StatusIsMatcher StatusIs(
    ::testing::Matcher<absl::StatusCode> code,
    ::testing::Matcher<const std::string&> message = ::testing::_) {
  return internal::StatusIsMatcher(std::move(code), std::move(message));
}
inline internal::StatusIsMatcher IsOk() { return StatusIs(absl::StatusCode::kOk); }

}  // namespace chains::testing
