#include "aws/waiters.h"

#include <fmt/format.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/json.h"
#include "text/edit_distance.h"
#include "text/jmespath.h"

namespace reeve::aws {
namespace {

enum class Matcher : std::uint8_t { path, path_all, path_any, status, error };
enum class Outcome : std::uint8_t { success, failure, retry };

struct Acceptor {
  Matcher matcher = Matcher::path;
  Outcome outcome = Outcome::retry;
  Value expected;                      // of the model's document
  std::optional<text::Jmespath> path;  // of the three that look into the answer
};

struct Waiter {
  std::shared_ptr<const ServiceModel> model;  // holds `expected`
  std::string name, operation;
  Duration delay{0};
  int attempts_most = 0;
  std::vector<Acceptor> acceptors;
};

std::unexpected<Error> unreadable(std::string_view name, std::string_view why) {
  return fail({.code = Code::malformed, .message = fmt::format("the model's waiter {} {}", name, why)});
}

Result<Acceptor> read_acceptor(std::string_view name, Value entry) {
  Acceptor out{.expected = entry["expected"]};
  const std::string_view state = entry["state"].as_text(), matcher = entry["matcher"].as_text();
  if (state == "success") {
    out.outcome = Outcome::success;
  } else if (state == "failure") {
    out.outcome = Outcome::failure;
  } else if (state != "retry") {
    return unreadable(name, fmt::format("has an acceptor of the unknown state '{}'", state));
  }
  if (matcher == "status") {
    out.matcher = Matcher::status;
    return out;
  }
  if (matcher == "error") {
    out.matcher = Matcher::error;
    return out;
  }
  if (matcher == "pathAll") {
    out.matcher = Matcher::path_all;
  } else if (matcher == "pathAny") {
    out.matcher = Matcher::path_any;
  } else if (matcher != "path") {
    return unreadable(name, fmt::format("has an acceptor with the unknown matcher '{}'", matcher));
  }
  auto path = text::Jmespath::compile(entry["argument"].as_text(), {.policy_functions = false});
  if (!path) return unreadable(name, fmt::format("has a path that cannot be read: {}", path.error().message));
  out.path = *std::move(path);
  return out;
}

Result<Waiter> read_waiter(Models& models, const std::string& service, const std::string& name) {
  Waiter out{.name = name};
  TRY(out.model, models.get(service));
  const auto entry = out.model->waiters.root().find(name);
  if (!entry) {
    std::vector<std::string_view> names;
    for (const auto [one, ignored] : out.model->waiters.root().entries()) names.push_back(one);
    const auto near = text::nearest(name, names);
    return fail({.code = Code::unknown_service,
                 .message = fmt::format("{} has no waiter {}", service, name),
                 .hint = near ? "the nearest is " + *near : ""});
  }
  out.operation = (*entry)["operation"].as_string();
  out.delay = std::chrono::seconds((*entry)["delay"].as_integer());
  out.attempts_most = static_cast<int>((*entry)["maxAttempts"].as_integer());
  for (const Value one : (*entry)["acceptors"].items()) {
    TRY(Acceptor acceptor, read_acceptor(name, one));
    out.acceptors.push_back(std::move(acceptor));
  }
  return out;
}

/// Whether what a path finds is what is expected. Errors: malformed (the path does not fit the answer).
Result<bool> path_fits(const Acceptor& acceptor, Value document) {
  text::Scratch scratch;
  const auto found = acceptor.path->search(document, scratch);
  if (!found) {
    return fail({.code = Code::malformed,
                 .message = fmt::format("a waiter's path does not fit the answer: {}", found.error().message)});
  }
  if (acceptor.matcher == Matcher::path) return *found == acceptor.expected;
  if (!found->is_list() || found->empty()) return false;
  const bool all = acceptor.matcher == Matcher::path_all;
  for (const Value item : found->items()) {
    if ((item == acceptor.expected) != all) return !all;
  }
  return all;
}

Result<bool> fits(const Acceptor& acceptor, const Result<Response>& answer) {
  const AwsError* aws = answer ? nullptr : answer.error().aws.get();
  switch (acceptor.matcher) {
    case Matcher::status: {
      const int status = answer ? answer->meta.status : aws != nullptr ? aws->status : 0;
      return acceptor.expected.is_number() && acceptor.expected.as_integer() == status;
    }
    case Matcher::error:
      if (acceptor.expected.kind() == Kind::boolean) {
        return acceptor.expected.as_bool() ? aws != nullptr : answer.has_value();
      }
      return aws != nullptr && !aws->code.empty() && acceptor.expected.as_text() == aws->code;
    case Matcher::path:
    case Matcher::path_all:
    case Matcher::path_any:
      break;
  }
  return answer ? path_fits(acceptor, answer->document.root()) : Result<bool>(false);
}

Result<const Acceptor*> first_fitting(const Waiter& waiter, const Result<Response>& answer) {
  for (const Acceptor& one : waiter.acceptors) {
    TRY(const bool fit, fits(one, answer));
    if (fit) return &one;
  }
  return nullptr;
}

std::string in_words(const Acceptor& acceptor) {
  const std::string expected = to_json(acceptor.expected);
  if (acceptor.matcher == Matcher::status) return "the status is " + expected;
  if (acceptor.matcher == Matcher::error) return "the error is " + expected;
  return fmt::format("{} is {}{}", acceptor.path->expression(), expected,
                     acceptor.matcher == Matcher::path_any ? " at least once" : "");
}

Error ended(const Waiter& waiter, const Request& request, Code code, std::string why) {
  return {.code = code,
          .message = fmt::format("waiting for {} ended: {}", waiter.name, why),
          .operation = request.operation_name()};
}

}  // namespace

Task<Result<Response>> wait_until(Api& api, Models& models, Loop& loop, std::string name, Request request,
                                  WaitOptions options) {
  CO_TRY(const Waiter waiter, read_waiter(models, request.service, name));
  request.operation = waiter.operation;
  const Duration delay = options.delay.value_or(waiter.delay);
  const int most = options.attempts_most.value_or(waiter.attempts_most);
  for (int looks = 1;; ++looks) {
    Task<Result<Response>> call = api.call(request);
    Result<Response> answer = co_await std::move(call);
    CO_TRY(const Acceptor* acceptor, first_fitting(waiter, answer));
    if (acceptor == nullptr && !answer) co_return fail(std::move(answer).error());
    if (acceptor != nullptr && acceptor->outcome == Outcome::success) {
      if (answer) co_return answer;
      const auto& aws = answer.error().aws;
      co_return Response{.document = {}, .meta = {.status = aws->status, .request_id = aws->request_id}};
    }
    if (acceptor != nullptr && acceptor->outcome == Outcome::failure) {
      if (!answer) co_return fail(std::move(answer).error());
      co_return fail(ended(waiter, request, Code::request_refused, in_words(*acceptor)));
    }
    if (looks >= most) {
      co_return fail(ended(waiter, request, Code::timed_out, fmt::format("it was not so after {} looks", looks)));
    }
    if (request.deadline.us != INT64_MAX && loop.clock().steady() + delay >= request.deadline) {
      co_return fail(ended(waiter, request, Code::timed_out, "the next look would come after the deadline"));
    }
    Task<Result<void>> pause = loop.sleep(delay, request.cancel);
    CO_TRY(co_await std::move(pause));
  }
}

}  // namespace reeve::aws
