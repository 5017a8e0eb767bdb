#include <algorithm>
#include <unordered_map>

#include "estate/params.h"
#include "estate/paths.h"
#include "estate/reader.h"

namespace reeve::estate {
namespace {

std::string reason_of(const Error& error) {
  return error.operation.empty() ? error.message : error.operation + ": " + error.message;
}

void set_failed(RecordView& view, const Column& column, const Error& error) {
  if (error.code == Code::unsupported) {
    view.set_column_unsupported(column.name);
  } else {
    view.set_column_unknown(column.name, reason_of(error));
  }
}

}  // namespace

Task<void> Reader::fetch_one(const Column& column, RecordView& view) {
  auto params = with_id(column.params, view.id());
  auto answer = co_await call(column.service, column.operation, std::move(params));
  if (!answer) {
    set_failed(view, column, answer.error());
  } else if (column.path.empty()) {
    view.set_column(column.name, answer->document);
  } else {
    view.set_column(column.name, answer->document.part(answer->document[column.path]));
  }
}

Task<void> Reader::fetch_batch(const Column& column, std::vector<RecordView*> views) {
  std::unordered_map<std::string_view, std::vector<RecordView*>> by_id;
  std::vector<std::string> ids;
  for (RecordView* view : views) {
    auto& same = by_id[view->id()];
    if (same.empty()) ids.emplace_back(view->id());
    same.push_back(view);
  }
  auto params = column.filter.empty() ? with_list(column.params, column.ids_parameter, ids)
                                      : with_filter(column.params, column.filter, ids);
  const auto items = co_await list_items(column.service, column.operation, std::move(params));
  if (!items || (*items)->unsupported) {
    const Error error = items ? Error{Code::unsupported, "unknown operation"} : items.error();
    for (RecordView* view : views) set_failed(*view, column, error);
    co_return;
  }
  for (RecordView* view : views) view->set_column(column.name, {});
  for (const Document& item : (*items)->items) {
    const auto found = by_id.find(item[column.match].as_text());
    if (found == by_id.end()) continue;
    for (RecordView* view : found->second) view->set_column(column.name, item);
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
