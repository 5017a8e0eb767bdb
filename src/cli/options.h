#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reeve::cli {

/// Flags that every verb takes (design, section 4).
struct Common {
  std::string output = "table";  ///< table, json or csv
  std::string profile, endpoint_url;
  std::string models;  ///< a folder of service models beside the embedded ones, in botocore's layout
  std::vector<std::string> regions;
  std::string sandbox;  ///< empty: AWS; "generated": the sandbox with its own estate; else an estate file
  std::string state;    ///< empty: the XDG state folder
  std::string config;   ///< the configuration file; empty: the XDG config folder's, which need not be there
  std::string now;
  std::vector<std::string> vars;
  std::vector<std::string> max_rates;  ///< "ec2=20": calls a second at most
  std::string log_file;
  int verbose = 0;
  bool quiet = false;
  std::uint64_t seed = 7;
  bool seed_given = false;
  std::string faults;  ///< a fault script for the sandbox, or for the client where there is none
  bool json() const { return output == "json"; }
  bool csv() const { return output == "csv"; }
  bool people() const { return !json() && !csv(); }
  /// The flags that lead back to where this verb worked, for commands that it prints: " --sandbox --state DIR".
  std::string same_place() const {
    std::string out;
    if (!sandbox.empty()) out += sandbox == "generated" ? " --sandbox" : " --sandbox=" + sandbox;
    if (!profile.empty()) out += " --profile " + profile;
    if (!endpoint_url.empty()) out += " --endpoint-url " + endpoint_url;
    if (!state.empty()) out += " --state " + state;
    if (!config.empty()) out += " --config " + config;
    return out;
  }
};

struct ListOptions {
  std::string kind;
  std::vector<std::string> where;
  bool ids = false;
};
struct PlanOptions {
  std::vector<std::string> files;
  std::string save, limit, prices;
  bool oldest_first = false, allow_irreversible = false;
};
struct ApplyOptions {
  std::string plan;
  bool allow_irreversible = false;
  std::vector<std::string> rows, except;
};
struct UndoOptions {
  std::string run;
  std::vector<std::string> rows;
  bool dry_run = false;
};
struct TrustOptions {
  std::string account, yes_i_mean;
};
struct CallOptions {
  std::string service, operation, params;
  std::string body, save;  ///< files: what is sent, and where what comes goes
  bool one_page = false, events = false, help = false;
};
struct TestOptions {
  std::vector<std::string> files;
  std::string flight;
  bool reads = false;
};
struct SandboxOptions {
  int port = -1;
  std::string estate, behaviour = "plain";
  std::optional<std::size_t> generate;
  bool reset = false;
};

}  // namespace reeve::cli
