#include "aws/pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "base/json.h"
#include "base/limits.h"

namespace reeve::aws {

// --- Paginator -------------------------------------------------------------------------------------------------------

namespace {

std::vector<std::string> texts_of(Value value) {
  std::vector<std::string> out;
  if (value.is_text()) out.push_back(value.as_string());
  for (const Value item : value.items()) {
    if (item.is_text()) out.push_back(item.as_string());
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Value find_path(Value at, std::string_view path) {
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    std::string_view step = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    const bool last = step.ends_with("[-1]");
    if (last) step.remove_suffix(4);
    at = at[step];
    if (last) at = at.is_list() && !at.empty() ? at[at.size() - 1] : Value();
  }
  return at;
}

bool says_something(Value value) {
  switch (value.kind()) {
    case Kind::null:
      return false;
    case Kind::boolean:
      return value.as_bool();
    case Kind::text:
    case Kind::list:
    case Kind::map:
      return !value.empty();
    default:
      return true;
  }
}

}  // namespace

Value find_in_page(Value page, std::string_view expression) {
  while (true) {
    const std::size_t bar = expression.find("||");
    const Value found = find_path(page, trimmed(expression.substr(0, bar)));
    if (bar == std::string_view::npos || says_something(found)) return found;
    expression.remove_prefix(bar + 2);
  }
}

Result<Paginator> Paginator::parse(Value entry) {
  Paginator out;
  if (entry.is_null()) return out;
  out.input_tokens = texts_of(entry["input_token"]);
  out.output_tokens = texts_of(entry["output_token"]);
  out.more_results = entry["more_results"].as_string();
  out.limit_key = entry["limit_key"].as_string();
  out.result_keys = texts_of(entry["result_key"]);
  if (out.input_tokens.empty() || out.input_tokens.size() != out.output_tokens.size()) {
    return fail(Code::malformed, "a paginator has other numbers of input tokens than of output tokens");
  }
  return out;
}

Result<Paginator> Paginator::of(Models& models, const std::string& service, const std::string& operation) {
  TRY(const Models::Found found, models.get(service, operation));
  return parse(found.model->paginators[operation]);
}

// --- Pages -----------------------------------------------------------------------------------------------------------

struct Pages::State {
  State(Api& a, Loop& l, Request r) : api(a), loop(l), request(std::move(r)), source(request.cancel) {
    request.cancel = source.token();
  }
  Api& api;
  Loop& loop;
  Request request;  // of the page that is fetched next
  Paginator paginator;
  CancelSource source;

  std::unique_ptr<Event> arrived;           // of the fetch in flight; null when none is
  std::optional<Result<Response>> fetched;  // what it brought
  bool over = false;                        // the last page has been fetched
  std::optional<Error> failed;
  std::size_t pages = 0, empty_in_a_row = 0;
  std::unordered_set<std::size_t> tokens_seen, first_items_seen;

  static Task<void> fetch(std::shared_ptr<State> self);
  static void start(const std::shared_ptr<State>& self);
  Error broken(std::string why, std::shared_ptr<const Error> cause = nullptr) const;
  Result<void> look_at(const Response& page);
  Result<void> check_repetition(Value page, std::size_t items);
  std::size_t count_items(Value page) const;
  Result<std::optional<Document>> next_token(Value page) const;
  void set_token(Value tokens);
  void drop_limit_beside_ids();
};

Task<void> Pages::State::fetch(std::shared_ptr<State> self) {
  Task<Result<Response>> call = self->api.call(self->request);
  self->fetched.emplace(co_await std::move(call));
  self->arrived->set();
}

void Pages::State::start(const std::shared_ptr<State>& self) {
  self->fetched.reset();
  self->arrived = std::make_unique<Event>(self->loop);
  self->loop.spawn(fetch(self));
}

Error Pages::State::broken(std::string why, std::shared_ptr<const Error> cause) const {
  Error error{
      .code = Code::incomplete_listing,
      .message = fmt::format("the listing broke off after {} {}: {}", pages, pages == 1 ? "page" : "pages", why),
      .operation = request.operation_name(),
      .resource = request.scope.region,
      .hint = "list again",
      .cause = cause};
  if (cause) error.aws = cause->aws;
  return error;
}

std::size_t Pages::State::count_items(Value page) const {
  std::size_t count = 0;
  for (const std::string& key : paginator.result_keys) count += find_in_page(page, key).size();
  return count;
}

namespace {

// Two pages that begin with the same item are the same page twice, if items are things with names: rows of a query or
// samples of a metric may well be equal.
bool names_itself(Value item) {
  if (item.is_text()) return true;
  for (const auto [key, value] : item.entries()) {
    if (value.is_text() && (key.ends_with("Id") || key.ends_with("Arn") || key.ends_with("ARN") ||
                            key.ends_with("id") || key.ends_with("arn") || key.ends_with("Name") || key == "Key")) {
      return true;
    }
  }
  return false;
}

std::size_t fingerprint(Value value) { return std::hash<std::string>{}(canonical_json(value)); }

}  // namespace

Result<void> Pages::State::check_repetition(Value page, std::size_t items) {
  if (items == 0) {
    if (++empty_in_a_row > limits::empty_pages_in_a_row) {
      return fail(broken(fmt::format("more than {} empty pages one after another", limits::empty_pages_in_a_row)));
    }
    return {};
  }
  empty_in_a_row = 0;
  for (const std::string& key : paginator.result_keys) {
    const Value list = find_in_page(page, key);
    if (!list.is_list() || list.empty() || !names_itself(list[std::size_t{0}])) continue;
    // Several lists of one page count apart: salted by their key.
    if (!first_items_seen.insert(fingerprint(list[std::size_t{0}]) ^ std::hash<std::string>{}(key)).second) {
      return fail(broken("a page came a second time"));
    }
  }
  return {};
}

Result<std::optional<Document>> Pages::State::next_token(Value page) const {
  if (!paginator.more_results.empty() && !says_something(find_in_page(page, paginator.more_results))) {
    return std::nullopt;
  }
  Builder builder;
  builder.begin_map();
  bool any = false;
  for (std::size_t i = 0; i < paginator.input_tokens.size(); ++i) {
    const Value token = find_in_page(page, paginator.output_tokens[i]);
    if (!says_something(token)) continue;
    any = true;
    builder.put(paginator.input_tokens[i], token);
  }
  builder.end();
  if (any) return builder.finish();
  if (paginator.more_results.empty()) return std::nullopt;
  return fail(broken("AWS says that there is more, and gives no token for it"));
}

void Pages::State::set_token(Value tokens) {
  Builder builder;
  builder.begin_map();
  for (const auto [key, value] : request.params.root().entries()) {
    if (std::ranges::find(paginator.input_tokens, key) == paginator.input_tokens.end()) builder.put(key, value);
  }
  for (const auto [key, value] : tokens.entries()) builder.put(key, value);
  builder.end();
  request.params = builder.finish();
}

void Pages::State::drop_limit_beside_ids() {
  if (request.service != "ec2" || paginator.limit_key.empty()) return;
  const Value params = request.params;
  if (!params.find(paginator.limit_key)) return;
  bool ids = false;
  for (const auto [key, value] : params.entries()) {
    const bool of_others = key == "OwnerIds" || key == "RestorableByUserIds";  // whose, not which
    ids = ids || (key.ends_with("Ids") && !of_others && value.is_list() && !value.empty());
  }
  if (!ids) return;
  Builder builder;
  builder.begin_map();
  for (const auto [key, value] : params.entries()) {
    if (key != paginator.limit_key) builder.put(key, value);
  }
  builder.end();
  request.params = builder.finish();
}

/// Decides what comes after a page, and readies the request for it.
Result<void> Pages::State::look_at(const Response& page) {
  ++pages;
  if (paginator.input_tokens.empty()) {
    over = true;
    return {};
  }
  TRY(check_repetition(page.document, count_items(page.document)));
  TRY(const std::optional<Document> token, next_token(page.document));
  if (!token) {
    over = true;
    return {};
  }
  if (!tokens_seen.insert(fingerprint(*token)).second) return fail(broken("a page token came a second time"));
  if (pages >= limits::listing_pages) return fail(broken("it has more pages than any account holds"));
  set_token(*token);
  return {};
}

Pages::Pages(Api& api, Loop& loop, Request first, Paginator paginator)
    : state_(std::make_shared<State>(api, loop, std::move(first))) {
  state_->paginator = std::move(paginator);
  state_->drop_limit_beside_ids();
  Builder given;  // a listing that starts at a token must not come back to it
  given.begin_map();
  bool any = false;
  for (const std::string& name : state_->paginator.input_tokens) {
    if (const auto token = state_->request.params.root().find(name)) given.put(name, *token), any = true;
  }
  given.end();
  const Document start = given.finish();
  if (any) state_->tokens_seen.insert(fingerprint(start));
}

Pages::Pages(Api& api, Models& models, Loop& loop, Request first) : Pages(api, loop, first, Paginator{}) {
  Result<Paginator> paginator = Paginator::of(models, first.service, first.operation);
  if (paginator) {
    *this = Pages(api, loop, std::move(first), *std::move(paginator));
  } else {
    state_->failed = std::move(paginator).error();
  }
}

Pages::Pages(Pages&&) noexcept = default;

Pages& Pages::operator=(Pages&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

Pages::~Pages() {
  if (state_ && state_->arrived && !state_->arrived->is_set()) state_->source.cancel();
}

const Paginator& Pages::paginator() const { return state_->paginator; }

Task<Result<std::optional<Response>>> Pages::next() {
  const std::shared_ptr<State> state = state_;
  if (state->failed) co_return fail(*state->failed);
  if (state->over && !state->arrived) co_return std::optional<Response>{};
  if (!state->arrived) State::start(state);
  co_await state->arrived->wait();
  state->arrived.reset();
  Result<Response> page = *std::exchange(state->fetched, std::nullopt);
  if (!page) {
    // Before the first page nothing has broken off: the caller wants to know why there is none.
    Error error = std::move(page).error();
    if (state->pages > 0) error = state->broken(error.message, std::make_shared<const Error>(error));
    state->failed = error;
    co_return fail(std::move(error));
  }
  if (Result<void> looked = state->look_at(*page); !looked) {
    state->failed = looked.error();
    co_return fail(std::move(looked).error());
  }
  if (!state->over) State::start(state);
  co_return std::optional<Response>(*std::move(page));
}

// --- Whole listings
// ----------------------------------------------------------------------------------------------------

Task<Result<std::vector<Document>>> all_items(Api& api, Models& models, Loop& loop, Request first) {
  const std::string operation = first.operation_name();
  Pages pages(api, models, loop, std::move(first));
  std::vector<Document> items;
  while (true) {
    Task<Result<std::optional<Response>>> next = pages.next();
    CO_TRY(std::optional<Response> page, co_await std::move(next));
    if (!page) co_return items;
    if (pages.paginator().result_keys.empty()) {
      co_return fail({.code = Code::unknown_service,
                      .message = "the model does not say what this operation lists",
                      .operation = operation});
    }
    const Value list = find_in_page(page->document, pages.paginator().result_keys.front());
    for (const Value item : list.items()) items.push_back(page->document.part(item));
  }
}

namespace {

// The members on the way to the lists are written anew, all others copied from the first page.
void write_joined(Builder& out, const std::vector<Document>& pages, const std::vector<Value>& at,
                  const Paginator& paginator, const std::string& path) {
  const auto& tokens = paginator.output_tokens;
  auto leads_to_list = [&](const std::string& to) {
    return std::ranges::any_of(paginator.result_keys,
                               [&](const std::string& key) { return key.starts_with(to + "."); });
  };
  out.begin_map();
  std::set<std::string_view> written;
  for (const Value page : at) {
    for (const auto [key, first] : page.entries()) {
      if (!written.insert(key).second) continue;
      const std::string here = path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
      if (std::ranges::find(tokens, here) != tokens.end() || here == paginator.more_results) continue;
      std::vector<Value> all;
      for (const Value other : at) all.push_back(other[key]);
      if (std::ranges::find(paginator.result_keys, here) != paginator.result_keys.end() && first.is_list()) {
        out.begin_list(key);
        for (const Value list : all) {
          for (const Value item : list.items()) out.add(item);
        }
        out.end();
      } else if (leads_to_list(here) && first.is_map()) {
        out.key(key);
        write_joined(out, pages, all, paginator, here);
      } else {
        out.put(key, first);
      }
    }
  }
  out.end();
}

}  // namespace

Task<Result<Response>> call_all(Api& api, Models& models, Loop& loop, Request first) {
  Pages pages(api, models, loop, std::move(first));
  std::vector<Document> documents;
  std::optional<Response> last;
  while (true) {
    Task<Result<std::optional<Response>>> next = pages.next();
    CO_TRY(std::optional<Response> page, co_await std::move(next));
    if (!page) break;
    documents.push_back(page->document);
    if (!last) last = std::move(page);
  }
  if (documents.size() == 1 || !last) co_return *std::move(last);
  std::vector<Value> roots(documents.begin(), documents.end());
  Builder out;
  write_joined(out, documents, roots, pages.paginator(), "");
  last->document = out.finish();
  co_return *std::move(last);
}

}  // namespace reeve::aws
