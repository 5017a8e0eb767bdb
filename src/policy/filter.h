#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/task.h"
#include "base/time.h"
#include "estate/prices.h"
#include "estate/reader.h"
#include "estate/record.h"
#include "policy/configuration.h"
#include "text/jmespath.h"

namespace reeve::policy {

/// Kleene's three values, ordered so that `and` is the least and `or` the greatest.
enum class Truth : std::uint8_t { no, unknown, yes };
inline Truth operator!(Truth t) { return t == Truth::unknown ? t : t == Truth::yes ? Truth::no : Truth::yes; }
std::string_view name(Truth truth);

/// A truth with its reason: for `no` and `unknown` what was found instead, for people.
struct Verdict {
  Truth truth = Truth::no;
  std::string reason = {};
};

/// What a filter found about one record, as a plan's `why` shows it.
struct Finding {
  std::string filter;  ///< type, or "value State.Name"
  Truth verdict = Truth::yes;
  Document evidence;  ///< a map, or null
};

/// What filters, guards and actions are given. Facts of one run in one scope.
struct Context {
  estate::Reader& reader;
  const estate::Prices& prices;
  Time now;  ///< the policy's now
  std::string account, region, partition;
  std::string run;         ///< the run's id, for tags and texts
  text::Scratch& scratch;  ///< cleared between records by whoever judges
  /// What the configuration protects; null: there is none. Of the process that judges, never of a plan.
  const Configuration* configuration = nullptr;
  /// The event that started the policy, a map; null: nothing but a clock or a person did.
  Value event = {};
  /// Fetches what a policy's filters and actions need of every record before any filter is asked: for recordings, which
  /// answer one call after another and were made so.
  bool columns_first = false;
};

/// When a filter can decide (design, idea 10).
enum class Stage : std::uint8_t { record, page, set };
/// How it is decided again just before acting (design, idea 6).
enum class Again : std::uint8_t { record, related, frozen };

/// A record under judgement: its view, and the findings so far.
struct Candidate {
  estate::RecordView view;
  std::vector<Finding> findings = {};
  std::vector<std::string> matched_keys =
      {};                  ///< keys of value filters that matched: evidence "c7n:MatchedFilters" at the end
  bool uncertain = false;  ///< a filter before could not decide it: filters over a set count with and without it
};

/// One test of a policy. Immutable after it is built.
class Filter {
 public:
  virtual ~Filter() = default;
  /// Type as in the policy: "value", "age", "stale", "and".
  virtual std::string_view type() const = 0;
  virtual Stage stage() const { return Stage::record; }
  virtual Again again() const { return Again::record; }

  /// One record, for filters of stage record: pure, no waiting. May add evidence to the view.
  virtual Verdict test(Candidate& candidate, Context& context) const;
  /// Many records, a verdict each, in their order. For stages page (a page's worth, batched reads) and set (all of
  /// them). The default calls test().
  virtual Task<std::vector<Verdict>> judge(std::span<Candidate*> candidates, Context& context) const;
  /// Columns that must be fetched before test(): by name, of the policy's kind.
  virtual std::vector<std::string> columns() const { return {}; }

  /// Adds what a plan's `why` says of this filter to a record that it matched, right after it did: a finding, with the
  /// evidence that it added to the view since `mark`. Not called for filters that pushed a finding of their own.
  virtual void explain(Candidate& candidate, Context& context, std::size_t mark) const;
  /// Why a record does not match, for people ("State.Name is \"stopped\""), where test() left the reason out because it
  /// must be quick. Only asked when a record is judged again.
  virtual std::string why_not(const Candidate& candidate, Context& context) const;
};

}  // namespace reeve::policy
