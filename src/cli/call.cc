#include <fmt/format.h>

#include "aws/describe.h"
#include "aws/only_reads.h"
#include "aws/pages.h"
#include "base/json.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace reeve::cli {
namespace {

Result<int> help(Engine& engine, const CallOptions& options) {
  if (options.service.empty()) {
    for (const auto& service : engine.models().services()) print(service + "\n");
    return 0;
  }
  if (options.operation.empty()) {
    TRY(const auto model, engine.models().get(options.service));
    for (const auto operation : model->operation_names()) print(std::string(operation) + "\n");
    return 0;
  }
  TRY(const auto found, engine.models().get(options.service, options.operation));
  const std::string parameters = aws::describe_parameters(*found.operation);
  const std::string name = options.service + " " + options.operation;
  if (parameters.empty()) {
    print(name + " takes no parameters\n");
    return 0;
  }
  print(name + " takes:\n" + parameters + "\nTo begin from:\n" + aws::parameters_skeleton(*found.operation) + "\n");
  return 0;
}

}  // namespace

Task<Result<int>> call(Engine& engine, CallOptions options) {
  if (options.help || options.operation.empty()) co_return help(engine, options);
  if (const auto found = engine.models().get(options.service, options.operation); !found) {
    co_return std::unexpected(found.error());
  }
  Document params;
  if (!options.params.empty()) {
    auto parsed = parse_json(options.params);
    if (!parsed || !parsed->root().is_map()) {
      co_return fail({.code = Code::usage,
                      .message = "the parameters are not a JSON object" + (parsed ? "" : ": " + parsed.error().message),
                      .hint = R"(For example: reeve call ec2 DescribeSnapshots '{"OwnerIds": ["self"]}')"});
    }
    params = *std::move(parsed);
  }
  CO_TRY(const aws::Scope scope, engine.one_scope());
  if (!aws::only_reads(options.service, options.operation, params)) {
    const std::string service = options.service;
    CO_TRY(const Connected connected, co_await engine.connect(service));
    CO_TRY(engine.check_trust(connected));
    if (!engine.common().quiet) {
      say(fmt::format("reeve: {}.{} may change something: it is not journalled, and Reeve cannot undo it",
                      options.service, options.operation));
    }
  }
  aws::Request request{.service = options.service,
                       .operation = options.operation,
                       .params = std::move(params),
                       .scope = scope,
                       .cancel = engine.stop()};
  Result<aws::Response> answer = fail(Code::internal, "not called");
  if (options.one_page) {
    answer = co_await engine.api().call(std::move(request));
  } else {
    answer = co_await aws::call_all(engine.api(), engine.models(), engine.world().loop, std::move(request));
  }
  if (!answer) co_return std::unexpected(answer.error());
  if (engine.common().json()) {
    Builder b;
    b.begin_map();
    b.put("format", 1);
    b.put("document", answer->document);
    b.end();
    print_json(b.finish());
  } else {
    print_json(answer->document);
  }
  co_return 0;
}

}  // namespace reeve::cli
