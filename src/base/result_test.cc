#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <vector>

#include "base/task.h"

namespace reeve {
namespace {

Result<int> number(bool good) {
  if (!good) return fail(Code::io, "no number");
  return 7;
}
Result<std::unique_ptr<int>> pointer(bool good) {
  TRY(const int n, number(good));
  return std::make_unique<int>(n);
}
Result<int> chain(bool first, bool second, std::vector<int>& trace) {
  TRY(number(first));
  trace.push_back(1);
  TRY(auto p, pointer(second));
  trace.push_back(2);
  TRY(auto q, pointer(true));  // two names in one function
  return *p + *q;
}

TEST(Result, TryReturnsTheFirstErrorAndGoesNoFurther) {
  std::vector<int> trace;
  EXPECT_EQ(*chain(true, true, trace), 14);
  EXPECT_EQ(trace, (std::vector{1, 2}));
  trace.clear();
  const auto failed = chain(true, false, trace);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, Code::io);
  EXPECT_EQ(trace, std::vector{1});
  trace.clear();
  EXPECT_FALSE(chain(false, true, trace));
  EXPECT_TRUE(trace.empty());
}

TEST(Result, EveryCodeHasANameOfItsOwn) {
  std::set<std::string_view> names;
#define CODE(id, meaning)         \
  names.insert(name(Code::id));   \
  EXPECT_EQ(name(Code::id), #id); \
  EXPECT_FALSE(std::string_view(meaning).empty());
#include "base/error_codes.def"
#undef CODE
  EXPECT_GT(names.size(), 30U);
}

TEST(Result, TextSaysEverythingOnOneLine) {
  EXPECT_EQ((Error{.code = Code::io, .message = "cannot read"}.text()), "cannot read");
  const Error cause{.code = Code::network, .message = "connection reset"};
  const Error error{.code = Code::in_use,
                    .message = "cannot delete the snapshot",
                    .operation = "ec2.DeleteSnapshot",
                    .resource = "snap-1",
                    .hint = "deregister the image first",
                    .aws = std::make_shared<AwsError>(AwsError{"InvalidSnapshot.InUse", 400, "req-1"}),
                    .cause = std::make_shared<Error>(cause)};
  EXPECT_EQ(error.text(),
            "cannot delete the snapshot (ec2.DeleteSnapshot snap-1 InvalidSnapshot.InUse HTTP 400 request req-1): "
            "connection reset. Deregister the image first");
}

TEST(ResultDeathTest, AssertionsEndTheProgramWithThePlace) {
  EXPECT_DEATH(REEVE_ASSERT(1 + 1 == 3), "1 \\+ 1 == 3 does not hold at .*result_test.cc");
}

}  // namespace
}  // namespace reeve
