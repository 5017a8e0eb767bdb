#include "estate/reader.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "estate/form.h"
#include "estate/gone.h"
#include "estate/page.h"
#include "estate/params.h"
#include "estate/paths.h"
#include "estate/reader_shared.h"

namespace reeve::estate {
namespace {

/// The members that a census keeps, copied out of their page: with its keys, so that none is spelled out, and a second
/// time in one piece, since thousands of pages that are half full add up.
void add_census(const Kind& kind, const std::vector<Record>& page, Listing& into) {
  if (page.empty()) return;
  const Keys* keys = page.front().document.root().keys();
  Builder b(keys == nullptr ? nullptr : keys->shared_from_this());
  b.begin_list();
  for (const Record& record : page) {
    const Value root = record.document;
    b.begin_map();
    b.put(kind.id, root[kind.id]);
    for (const auto& member : kind.census) {
      if (const auto value = root.find(member); value && member != kind.id) b.put(member, *value);
    }
    b.end();
  }
  b.end();
  const Document list = deep_copy(b.finish());
  for (std::size_t i = 0; i < page.size(); ++i) into.add({&kind, page[i].scope, list.part(list[i])});
}

/// EC2 takes no MaxResults beside ids.
Document without_limit_beside_ids(const Kind& kind, const Document& params) {
  if (params[kind.id + "s"].empty()) return params;
  Builder b;
  b.begin_map();
  for (const auto [key, value] : params.root().entries()) {
    if (key != "MaxResults") b.put(key, value);
  }
  b.end();
  return b.finish();
}

/// The only list among an output's members; empty if there are none or several.
std::string only_list(const aws::Shape* output) {
  std::string found;
  if (output == nullptr) return found;
  for (const auto& member : output->members) {
    if (member.shape == nullptr || member.shape->type != aws::ShapeType::list) continue;
    if (!found.empty()) return {};
    found = member.name;
  }
  return found;
}

}  // namespace

const Record* Listing::find(std::string_view id) const {
  const auto found = index.find(id);
  return found == index.end() ? nullptr : &records[found->second];
}

void Listing::add(Record record) {
  index.emplace(record.id(), records.size());
  records.push_back(std::move(record));
}

Reader::Reader(aws::Api& api, aws::Models& models, const Kinds& kinds, Loop& loop, aws::Scope scope, Options options)
    : api_(api),
      models_(models),
      kinds_(kinds),
      loop_(loop),
      scope_(std::move(scope)),
      options_(std::move(options)),
      shared_(std::make_shared<Shared>()) {}

aws::Request Reader::request(std::string service, std::string operation, Document params) const {
  return {.service = std::move(service),
          .operation = std::move(operation),
          .params = std::move(params),
          .scope = scope_,
          .deadline = options_.deadline,
          .cancel = options_.cancel};
}

// Some of EC2's newer listings have tokens, but no entry in the paginator models.
Result<aws::Paginator> Reader::paginator(const std::string& service, const std::string& operation) {
  TRY(aws::Paginator paginator, aws::Paginator::of(models_, service, operation));
  TRY(const auto found, models_.get(service, operation));
  const auto has_token = [](const aws::Shape* shape) {
    return shape != nullptr && shape->find("NextToken") != nullptr;
  };
  if (paginator.input_tokens.empty() && has_token(found.operation->input) && has_token(found.operation->output)) {
    paginator.input_tokens = {"NextToken"};
    paginator.output_tokens = {"NextToken"};
  }
  paginator.limit_key.clear();  // limits stand in our own parameters, and are left out beside ids there
  if (paginator.result_keys.empty()) {
    if (auto only = only_list(found.operation->output); !only.empty()) paginator.result_keys = {std::move(only)};
  }
  return paginator;
}

Task<Result<void>> Reader::pages(const Kind& kind, aws::Request first, const std::vector<std::string>& carry,
                                 const std::string& path, PageSink sink) {
  CO_TRY(auto how, paginator(first.service, first.operation));
  aws::Pages listing(api_, loop_, std::move(first), std::move(how));
  while (true) {
    CO_TRY(const auto page, co_await listing.next());
    if (!page) co_return {};
    auto records = records_of(kind, scope_, page->document, path, carry);
    if (records.empty()) continue;
    auto taken = sink(std::move(records));
    CO_TRY(co_await std::move(taken));
  }
}

Task<Result<void>> Reader::list_pages(const Kind& kind, Document params, PageSink sink) {
  if (kind.list.of.empty()) {
    auto first = request(kind.service, kind.list.operation, std::move(params));
    co_return co_await pages(kind, std::move(first), kind.list.carry, kind.list.path, std::move(sink));
  }
  const Kind* outer = kinds_.find(kind.list.of);
  REEVE_ASSERT(outer != nullptr);  // a test reads every descriptor
  CO_TRY(const auto around, co_await all(*outer));
  if (around->unsupported) co_return fail(Code::unsupported, outer->list.operation + " is not known on the other side");
  // Some at a time, handed on in order, so that a listing is the same whichever answer came first.
  for (std::size_t start = 0; start < around->records.size(); start += calls_at_once) {
    const std::size_t count = std::min(calls_at_once, around->records.size() - start);
    std::vector<std::vector<Record>> found(count);
    std::vector<Result<void>> done(count);
    std::function<Task<void>(std::size_t)> body = [&](std::size_t i) -> Task<void> {
      auto filled = fill_forms(params, around->records[start + i]);
      if (!filled) co_return;
      auto keep = [&found, i](std::vector<Record> records) -> Task<Result<void>> {
        std::ranges::move(records, std::back_inserter(found[i]));
        return ready(Result<void>());
      };
      PageSink inner = std::ref(keep);
      auto first = request(kind.service, kind.list.operation, *std::move(filled));
      done[i] = co_await pages(kind, std::move(first), kind.list.carry, kind.list.path, std::move(inner));
    };
    co_await for_each(loop_, count, calls_at_once, std::move(body));
    for (std::size_t i = 0; i < count; ++i) {
      // One that went away since it was listed has nothing in it.
      if (!done[i] && says_gone(done[i].error())) continue;
      CO_TRY(std::move(done[i]));
      if (found[i].empty()) continue;
      auto taken = sink(std::move(found[i]));
      CO_TRY(co_await std::move(taken));
    }
  }
  co_return {};
}

Task<Result<void>> Reader::stream(const Kind& kind, Document query, PageSink page) {
  const bool whole = query.root().empty();
  auto params = whole ? kind.list.params : without_limit_beside_ids(kind, merged(kind.list.params, query));
  const auto counted = std::make_shared<Listing>();
  counted->read_at = loop_.clock().steady();
  auto pass_on = [&](std::vector<Record> records) -> Task<Result<void>> {
    if (whole && !kind.census.empty()) add_census(kind, records, *counted);
    return page(std::move(records));
  };
  PageSink sink = std::ref(pass_on);
  CO_TRY(co_await list_pages(kind, std::move(params), std::move(sink)));
  if (whole && !kind.census.empty() && !shared_->censuses.contains(kind.name)) {
    const auto pending = std::make_shared<Pending<Listing>>(loop_);
    pending->result = std::shared_ptr<const Listing>(counted);
    pending->done.set();
    shared_->censuses.emplace(kind.name, pending);
  }
  co_return {};
}

Task<Result<std::shared_ptr<const Listing>>> Reader::list(const Kind& kind, bool whole) {
  const auto listing = std::make_shared<Listing>();
  listing->read_at = loop_.clock().steady();
  auto keep = [&](std::vector<Record> records) -> Task<Result<void>> {
    if (whole) {
      for (auto& record : records) listing->add(std::move(record));
    } else {
      add_census(kind, records, *listing);
    }
    return ready(Result<void>());
  };
  PageSink sink = std::ref(keep);
  Document params = kind.list.params;
  auto done = co_await list_pages(kind, std::move(params), std::move(sink));
  if (!done && done.error().code == Code::unsupported) {
    listing->unsupported = true;
  } else if (!done) {
    co_return fail(std::move(done).error());
  }
  co_return std::shared_ptr<const Listing>(listing);
}

Task<Result<std::shared_ptr<const Listing>>> Reader::all(const Kind& kind) {
  if (const auto found = shared_->listings.find(kind.name); found != shared_->listings.end()) {
    const auto pending = found->second;
    co_await pending->done.wait();
    co_return pending->result;
  }
  const auto pending = std::make_shared<Pending<Listing>>(loop_);
  shared_->listings.emplace(kind.name, pending);
  pending->result = co_await list(kind, true);
  pending->done.set();
  co_return pending->result;
}

Task<Result<std::shared_ptr<const Listing>>> Reader::census(const Kind& kind) {
  if (kind.census.empty() || shared_->listings.contains(kind.name)) co_return co_await all(kind);
  if (const auto found = shared_->censuses.find(kind.name); found != shared_->censuses.end()) {
    const auto pending = found->second;
    co_await pending->done.wait();
    co_return pending->result;
  }
  const auto pending = std::make_shared<Pending<Listing>>(loop_);
  shared_->censuses.emplace(kind.name, pending);
  pending->result = co_await list(kind, false);
  pending->done.set();
  co_return pending->result;
}

std::vector<Error> Reader::broken_listings() const {
  std::vector<Error> out;
  for (const auto* table : {&shared_->listings, &shared_->censuses}) {
    for (const auto& [kind, pending] : *table) {
      if (!pending->result) out.push_back(pending->result.error());
    }
  }
  return out;
}

Task<Result<void>> Reader::read_batch(const Kind& kind, std::vector<std::string> ids, std::vector<Record>& out) {
  using How = ReadById::How;
  std::set<std::string_view> wanted(ids.begin(), ids.end());
  auto keep = [&](std::vector<Record> records) -> Task<Result<void>> {
    for (auto& record : records) {
      if (wanted.erase(record.id()) > 0) out.push_back(std::move(record));
    }
    return ready(Result<void>());
  };
  PageSink sink = std::ref(keep);
  if (kind.get.how == How::listing) {
    Document params = kind.list.params;
    co_return co_await list_pages(kind, std::move(params), std::move(sink));
  }
  auto params = kind.get.how == How::filter      ? with_filter(kind.get.params, kind.get.name, ids)
                : kind.get.how == How::parameter ? with_list(kind.get.params, kind.get.name, ids)
                                                 : with_text(kind.get.params, kind.get.name, ids.front());
  const std::size_t before = out.size();
  auto first = request(kind.service, kind.get.operation, std::move(params));
  auto read = co_await pages(kind, std::move(first), kind.get.carry, kind.get.path, std::move(sink));
  if (read || !says_gone(read.error())) co_return read;
  out.resize(before);
  if (ids.size() == 1) co_return {};
  const auto middle = ids.begin() + static_cast<std::ptrdiff_t>(ids.size() / 2);
  std::vector<std::string> lower(ids.begin(), middle), upper(middle, ids.end());
  CO_TRY(co_await read_batch(kind, std::move(lower), out));
  co_return co_await read_batch(kind, std::move(upper), out);
}

Task<Result<std::vector<Record>>> Reader::by_ids(const Kind& kind, std::vector<std::string> ids) {
  std::set<std::string> asked;
  std::erase_if(ids, [&asked](const std::string& id) { return !asked.insert(id).second; });
  std::vector<Record> out;
  const std::size_t batch = kind.get.how == ReadById::How::listing ? ids.size() : kind.get.batch;
  std::vector<std::vector<std::string>> batches;
  for (std::size_t start = 0; start < ids.size(); start += batch) {
    const auto end = std::min(ids.size(), start + batch);
    batches.emplace_back(ids.begin() + static_cast<std::ptrdiff_t>(start),
                         ids.begin() + static_cast<std::ptrdiff_t>(end));
  }
  std::vector<std::vector<Record>> found(batches.size());
  std::vector<Result<void>> done(batches.size());
  std::function<Task<void>(std::size_t)> body = [&](std::size_t i) -> Task<void> {
    done[i] = co_await read_batch(kind, std::move(batches[i]), found[i]);
  };
  co_await for_each(loop_, batches.size(), calls_at_once, std::move(body));
  for (std::size_t i = 0; i < batches.size(); ++i) {
    CO_TRY(std::move(done[i]));
    std::ranges::move(found[i], std::back_inserter(out));
  }
  co_return out;
}

Task<Result<aws::Response>> Reader::call(std::string service, std::string operation, Document params) {
  auto asked = request(std::move(service), std::move(operation), std::move(params));
  return api_.call(std::move(asked));
}

Task<Result<std::shared_ptr<const Reader::Items>>> Reader::list_items(std::string service, std::string operation,
                                                                      Document params) {
  const auto items = std::make_shared<Items>();
  CO_TRY(auto how, paginator(service, operation));
  if (how.result_keys.empty()) {
    co_return fail(Code::unknown_service, service + "." + operation + " gives no list of items");
  }
  const std::string result_key = how.result_keys.front();
  auto first = request(std::move(service), std::move(operation), std::move(params));
  aws::Pages listing(api_, loop_, std::move(first), std::move(how));
  while (true) {
    auto page = co_await listing.next();
    if (!page && page.error().code == Code::unsupported) {
      items->unsupported = true;
      break;
    }
    if (!page) co_return fail(std::move(page).error());
    if (!*page) break;
    const Document document = (*page)->document;
    walk_path(document, result_key, [&](Value item, Value) { items->items.push_back(document.part(item)); });
  }
  co_return std::shared_ptr<const Items>(items);
}

Task<Result<std::shared_ptr<const Reader::Items>>> Reader::items(std::string service, std::string operation,
                                                                 Document params) {
  const std::string question = service + "." + operation + canonical_json(params);
  if (const auto found = shared_->items.find(question); found != shared_->items.end()) {
    const auto pending = found->second;
    co_await pending->done.wait();
    co_return pending->result;
  }
  const auto pending = std::make_shared<Pending<Items>>(loop_);
  shared_->items.emplace(question, pending);
  pending->result = co_await list_items(std::move(service), std::move(operation), std::move(params));
  pending->done.set();
  co_return pending->result;
}

}  // namespace reeve::estate
