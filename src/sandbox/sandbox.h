#pragma once
#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "aws/fault_script.h"
#include "aws/http_server.h"
#include "aws/model.h"
#include "base/document.h"
#include "base/result.h"
#include "base/seams.h"
#include "base/task.h"
#include "sandbox/behaviour.h"
#include "sandbox/service.h"
#include "sandbox/store.h"

/// The embedded cloud: a simulated AWS that speaks the real wire protocols. Nothing of it knows Reeve.
namespace reeve::sandbox {

/// The account of the keys testing/testing, and the region where estates without one lie.
inline constexpr std::string_view home_account = "123456789012";
inline constexpr std::string_view home_region = "us-east-1";

struct Options {
  Clock& clock;
  aws::Models& models;
  std::uint64_t seed = 1;
  Behaviour behaviour = Behaviour::plain;
  Loop* loop = nullptr;  ///< for answers that faults delay; without it they come at once
  Disk* disk = nullptr;  ///< for large bodies; without it all stay in memory
  std::string spool;     ///< the folder where they go
};

/// One simulated cloud. Loop thread only.
class Sandbox {
 public:
  explicit Sandbox(Options options);
  ~Sandbox();
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  /// Direct call without the wire, as an account: for tests and the simulation. Params and answer are maps by the
  /// operation's shapes. The fault carries AWS's code and text; InvalidAction and its like for what the sandbox lacks.
  std::expected<Document, Fault> call(std::string_view account, std::string_view region, std::string_view service,
                                      std::string_view operation, Value params);

  /// The wire: signature, routing by the signature's credential scope, codec, faults, counters; and /_sandbox/….
  Task<aws::HttpAnswer> handle(HttpRequest request);

  /// Faults that happen to calls over the wire from now on.
  void set_faults(aws::FaultScript script) { faults_ = std::move(script); }

  /// Adds what an estate describes (docs/formats/estate.md); relative times count from the sandbox's now. A resource
  /// whose id is there already is replaced. Errors: invalid_input, with all mistakes and their places in the message;
  /// what was right may have been added by then.
  Result<void> load_estate(Value estate);
  /// The same format, absolute times: load_estate of it into an empty sandbox makes the same cloud.
  Document state() const;
  /// Adds `count` snapshots to the home account and region, with all that goes with them; see generate.cc.
  void generate(std::size_t count, std::uint64_t seed);

  /// Calls answered, by "service.Operation".
  Document calls() const;

  /// The sandbox's clock: the Clock seam's wall and what was added by advance().
  Time now() const;
  void advance(Duration by) { store_.clock_offset += by; }

  /// Keeps the state in one file, and takes it up again. Errors: io, not_found, malformed, invalid_input.
  Result<void> save(Disk& disk, const std::string& path) const;
  Result<void> load(Disk& disk, const std::string& path);

  Store& store() { return store_; }

 private:
  /// `wait` becomes Call::wait; with `again` the call is not counted.
  std::expected<Document, Fault> run(std::string_view account, std::string_view region, std::string_view service,
                                     std::string_view operation, Value params, const Session* session, Bodies& bodies,
                                     Duration* wait = nullptr, bool again = false);
  std::string protocol_of(std::string_view service) const;
  Outcome allowed(const Account& account, const Region& region, std::string_view service, std::string_view operation,
                  Value params, std::string_view caller);

  Clock& clock_;
  Loop* loop_;
  aws::Models& models_;
  Store store_;
  BlobStore blobs_;
  Registry registry_;
  Throttle throttle_;
  aws::FaultScript faults_;
  std::map<std::string, std::int64_t, std::less<>> calls_;
  std::unique_ptr<class Wire> wire_;
  friend class Wire;
  friend std::unique_ptr<Http> in_process_http(Sandbox& sandbox);
};

/// A network where there is only this sandbox, whatever the host: base's Http seam, so that codecs and signatures run.
/// The sandbox must outlive it.
std::unique_ptr<Http> in_process_http(Sandbox& sandbox);

/// Serves the sandbox on 127.0.0.1; port 0 picks a free one. The sandbox and the loop must outlive the server.
/// Errors: network.
Result<std::unique_ptr<aws::HttpServer>> serve(Sandbox& sandbox, Loop& loop, std::uint16_t port);

}  // namespace reeve::sandbox
