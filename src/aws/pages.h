#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/api.h"
#include "aws/model.h"
#include "base/task.h"

namespace reeve::aws {

/// How an operation is listed page by page, as its paginator model says (botocore's paginators-1.json). The expressions
/// are the small part of JMESPath that those models use: names, dots, `[-1]`, `||`.
struct Paginator {
  std::vector<std::string> input_tokens;   ///< members of the input; empty: the operation has one page
  std::vector<std::string> output_tokens;  ///< expressions on the output, as many as input_tokens
  std::string more_results;                ///< expression; empty: a token means more
  std::string limit_key;                   ///< member of the input, such as MaxResults; may be empty
  std::vector<std::string> result_keys;    ///< expressions; the first is what is listed

  /// From one entry of a model's paginators; a null value gives one page. Errors: malformed.
  static Result<Paginator> parse(Value entry);
  /// Of an operation. Errors: unknown_service, malformed.
  static Result<Paginator> of(Models& models, const std::string& service, const std::string& operation);
};

/// What such an expression finds in a page; a null value where there is nothing.
Value find_in_page(Value page, std::string_view expression);

/// A listing, page by page. While a page is looked at, the next one is fetched already. Serial use: one next() at a
/// time.
///
/// A list that is not complete is never taken for one: next() answers nullopt only after AWS's last page. An empty page
/// with a token goes on (limits::empty_pages_in_a_row). An error on the first page is given as it is (access_denied,
/// unsupported, …); later, whatever breaks the listing off is incomplete_listing with the cause: an error, a page that
/// repeats (a token seen before, or the first item of an earlier page again), a token that AWS no longer takes, too
/// many pages. After an error next() gives the same error again.
///
/// EC2 refuses MaxResults beside ids: where the request has a list "…Ids" (of records, not of owners), the paginator's
/// limit is left out.
/// Dropped before its end, a listing cancels the fetch in flight, which ends on the loop: the Api must outlive that.
class Pages {
 public:
  Pages(Api& api, Models& models, Loop& loop, Request first);
  Pages(Api& api, Loop& loop, Request first, Paginator paginator);
  Pages(Pages&&) noexcept;
  Pages& operator=(Pages&&) noexcept;
  ~Pages();
  /// The next page; nullopt after the last.
  Task<Result<std::optional<Response>>> next();
  const Paginator& paginator() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// The items of all pages, each keeping its page in memory; of the first result key. Errors: as Pages::next, and
/// unknown_service where the paginator names no result.
Task<Result<std::vector<Document>>> all_items(Api& api, Models& models, Loop& loop, Request first);

/// All pages as one answer: the first page with the lists of the others appended, and without tokens.
Task<Result<Response>> call_all(Api& api, Models& models, Loop& loop, Request first);

}  // namespace reeve::aws
