#pragma once
#include <map>
#include <string>

#include "aws/api.h"
#include "aws/fault_script.h"

namespace reeve::aws {

/// Lets calls go wrong by a script. Where it stands decides who sees it: inside the retry layer each attempt is a call
/// and retries meet the fault; around it the callers do.
class Fault : public Api {
 public:
  Fault(Api& inner, Loop& loop, FaultScript script) : inner_(inner), loop_(loop), script_(std::move(script)) {}
  Task<Result<Response>> call(Request request) override;
  FaultScript& script() { return script_; }

 private:
  Task<Result<Response>> pass(Request request);
  /// A token of an empty page stands for the request that the page held back.
  void restore_token(Request& request) const;
  Task<Result<void>> time_out(const Request& request, const FaultAction& fault);
  Api& inner_;
  Loop& loop_;
  FaultScript script_;
  std::map<std::string, Response> last_answers_;  // by scope and operation, for repeat_page
  std::map<std::string, Document> tokens_;        // of empty pages: what the request's params really were
  std::uint64_t next_token_ = 1;
};

}  // namespace reeve::aws
