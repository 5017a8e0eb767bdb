#include <algorithm>
#include <map>

#include "aws/pages.h"
#include "base/contains.h"
#include "estate/form.h"
#include "estate/gone.h"
#include "estate/params.h"
#include "estate/paths.h"
#include "estate/reader.h"

namespace reeve::estate {
namespace {

std::string reason_of(const Error& error) {
  return error.operation.empty() ? error.message : error.operation + ": " + error.message;
}

/// Tags are unknown even where the other side does not know the operation: who can't see them can't see protection.
void set_failed(RecordView& view, const Column& column, const Error& error) {
  if (error.aws && contains(column.absent, error.aws->code)) {
    view.set_column(column.name, {});
  } else if (error.code == Code::unsupported && view.record().kind->tags_column() != &column) {
    view.set_column_unsupported(column.name);
  } else {
    view.set_column_unknown(column.name, reason_of(error));
  }
}

Document as_list(const std::vector<Document>& items) {
  Builder b;
  b.begin_list();
  for (const Document& item : items) {
    if (item.arena()) b.arena().keep(item.arena());
    b.add_shared(item);
  }
  b.end();
  return b.finish();
}

Value at_path(Value value, std::string_view path) {
  while (!path.empty()) {
    const auto dot = path.find('.');
    value = value[path.substr(0, dot)];
    path = dot == path.npos ? std::string_view{} : path.substr(dot + 1);
  }
  return value;
}

}  // namespace

Task<void> Reader::fetch_one(const Column& column, RecordView& view) {
  const Record& record = view.record();
  auto params = fill_forms(column.params, record);
  if (!params) {
    view.set_column_unknown(column.name, column.operation + " needs what this record does not have");
    co_return;
  }
  auto asked = request(column.service, column.operation, *std::move(params));
  // What a listing of the whole account gave may be in another region.
  if (const auto region = record.document[record.kind->region].as_text(); !region.empty()) asked.scope.region = region;
  auto answer = column.first_page ? co_await api_.call(std::move(asked))
                                  : co_await aws::call_all(api_, models_, loop_, std::move(asked));
  if (!answer) {
    set_failed(view, column, answer.error());
  } else {
    view.set_column(column.name, answer->document.part(at_path(answer->document, column.path)));
  }
}

Task<void> Reader::fetch_batch(const Column& column, std::vector<RecordView*> views) {
  std::map<std::string, std::vector<RecordView*>, std::less<>> by_id;
  std::vector<std::string> ids;
  for (RecordView* view : views) {
    auto id = fill_form(column.by, view->record());
    if (id) {
      auto& same = by_id[*id];
      if (same.empty()) ids.push_back(*id);
      same.push_back(view);
    } else {
      view->set_column_unknown(column.name, column.operation + " needs what this record does not have");
    }
  }
  if (ids.empty()) co_return;
  auto params = column.filter.empty() ? with_list(column.params, column.ids_parameter, ids)
                                      : with_filter(column.params, column.filter, ids);
  const auto items = co_await list_items(column.service, column.operation, std::move(params));
  if (!items && says_gone(items.error()) && views.size() > 1) {
    // One that is gone fails the whole call: the others are asked for without it.
    const auto middle = views.begin() + static_cast<std::ptrdiff_t>(views.size() / 2);
    std::vector<RecordView*> lower(views.begin(), middle), upper(middle, views.end());
    co_await fetch_batch(column, std::move(lower));
    co_await fetch_batch(column, std::move(upper));
    co_return;
  }
  if (!items || (*items)->unsupported) {
    const Error error = items ? Error{Code::unsupported, "unknown operation"} : items.error();
    for (const auto& [id, these] : by_id) {
      for (RecordView* view : these) set_failed(*view, column, error);
    }
    co_return;
  }
  std::map<std::string_view, std::vector<Document>> found;
  for (const Document& item : (*items)->items) {
    const auto at = by_id.find(item[column.match].as_text());
    if (at != by_id.end()) found[at->first].push_back(item.part(at_path(item, column.take)));
  }
  for (const auto& [id, these] : by_id) {
    const auto& matching = found[id];
    const Document value = column.gather ? as_list(matching) : matching.empty() ? Document{} : matching.front();
    for (RecordView* view : these) view->set_column(column.name, value);
  }
}

Task<void> Reader::fetch_column(const Column& column, std::vector<RecordView*> views) {
  std::erase_if(views, [&](const RecordView* view) { return view->column(column.name).has_value(); });
  if (views.empty()) co_return;
  if (column.match.empty()) {
    std::function<Task<void>(std::size_t)> body = [&](std::size_t i) { return fetch_one(column, *views[i]); };
    co_await for_each(loop_, views.size(), calls_at_once, std::move(body));
    co_return;
  }
  std::vector<std::vector<RecordView*>> batches;
  for (std::size_t start = 0; start < views.size(); start += column.batch) {
    const auto end = std::min(views.size(), start + column.batch);
    batches.emplace_back(views.begin() + static_cast<std::ptrdiff_t>(start),
                         views.begin() + static_cast<std::ptrdiff_t>(end));
  }
  std::function<Task<void>(std::size_t)> body = [&](std::size_t i) { return fetch_batch(column, batches[i]); };
  co_await for_each(loop_, batches.size(), calls_at_once, std::move(body));
}

}  // namespace reeve::estate
