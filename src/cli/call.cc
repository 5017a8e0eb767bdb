#include <fmt/format.h>

#include "aws/describe.h"
#include "aws/event_reader.h"
#include "aws/live_body.h"
#include "aws/only_reads.h"
#include "aws/pages.h"
#include "base/byte_streams.h"
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

Error not_streamed(const CallOptions& options, std::string_view flag, std::string_view what) {
  return {.code = Code::usage,
          .message = fmt::format("{} {} answers with no {}: {} has nothing to do", options.service, options.operation,
                                 what, flag)};
}

/// Whether the operation has what the flags are about. Errors: usage.
Result<void> check_flags(const CallOptions& options, const aws::Operation& operation) {
  const aws::Member* streamed = aws::streamed_member(operation.output);
  const bool events = streamed != nullptr && streamed->shape->event_stream;
  if (options.events && !events) return fail(not_streamed(options, "--events", "stream of events"));
  if (!options.save.empty() && streamed == nullptr) return fail(not_streamed(options, "--save", "body"));
  if (options.events && !options.save.empty()) {
    return fail(Code::usage, "--events prints what --save would write: only one of them");
  }
  return {};
}

/// A line of JSON for each event, as it comes.
Task<Result<void>> print_events(const aws::Models::Found& found, std::shared_ptr<ByteReader> body) {
  CO_TRY(const aws::Codec* codec, aws::codec_for(*found.model));
  aws::EventReader reader(found.model, *found.operation, *codec, std::move(body));
  while (true) {
    Task<Result<std::optional<Document>>> next = reader.next();
    CO_TRY(const std::optional<Document> event, co_await std::move(next));
    if (!event) co_return Result<void>{};
    print(to_json(*event) + "\n");
  }
}

/// The body to standard output ("-"), or to a file that has its name when it is whole.
Task<Result<void>> save(World& world, const std::string& path, ByteReader& body) {
  Disk& disk = world.disk;
  if (path == "-") {
    while (true) {
      Task<Result<std::string>> next = body.next();
      CO_TRY(const std::string piece, co_await std::move(next));
      if (piece.empty()) co_return Result<void>{};
      print(piece);
    }
  }
  const std::string part = fmt::format("{}.{:016x}.part", path, world.random.next());  // a name that nobody waits with
  Result<std::uint64_t> written = std::uint64_t{0};
  {
    CO_TRY(const std::unique_ptr<File> file, disk.open(part, Disk::Open::create));
    Task<Result<std::uint64_t>> writing = write_all(body, *file);
    written = co_await std::move(writing);
  }
  if (!written) {
    static_cast<void>(disk.remove(part));  // what went wrong before is the news
    co_return fail(std::move(written).error());
  }
  const auto renamed = disk.rename(part, path);
  if (!renamed) static_cast<void>(disk.remove(part));
  co_return renamed;
}

}  // namespace

Task<Result<int>> call(Engine& engine, CallOptions options) {
  if (options.help || options.operation.empty()) co_return help(engine, options);
  CO_TRY(const aws::Models::Found found, engine.models().get(options.service, options.operation));
  CO_TRY(check_flags(options, *found.operation));
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
  if (!options.body.empty()) {
    CO_TRY(request.body, FileSource::make(engine.world().disk, options.body));
  }
  request.streams = options.events || !options.save.empty();
  Result<aws::Response> answer = fail(Code::internal, "not called");
  if (options.one_page || request.streams || request.body) {
    answer = co_await engine.api().call(std::move(request));
  } else {
    answer = co_await aws::call_all(engine.api(), engine.models(), engine.world().loop, std::move(request));
  }
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->body) {
    Task<Result<void>> reading = options.events ? print_events(found, std::move(answer->body))
                                                : save(engine.world(), options.save, *answer->body);
    CO_TRY(co_await std::move(reading));
    if (options.events || options.save == "-") co_return 0;
  }
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
