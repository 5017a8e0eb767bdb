#pragma once
#include "base/result.h"
#include "base/task.h"
#include "cli/engine.h"
#include "cli/options.h"

namespace reeve::cli {

// One verb a file. Each prints its result and gives the exit code; an error means that there is no result.
Task<Result<int>> list(Engine& engine, ListOptions options);
Task<Result<int>> doctor(Engine& engine);
Task<Result<int>> trust(Engine& engine, TrustOptions options);
Task<Result<int>> plan(Engine& engine, PlanOptions options);
Task<Result<int>> apply(Engine& engine, ApplyOptions options);
Task<Result<int>> run(Engine& engine, PlanOptions options);
Task<Result<int>> undo(Engine& engine, UndoOptions options);
Task<Result<int>> runs(Engine& engine, std::string run);
Task<Result<int>> resume(Engine& engine, std::string run);
Task<Result<int>> call(Engine& engine, CallOptions options);
/// These need no AWS.
Result<int> validate(const Common& common, const std::vector<std::string>& files);
Result<int> test(const Common& common, const TestOptions& options);
Result<int> sandbox_server(const Common& common, const SandboxOptions& options);

}  // namespace reeve::cli
