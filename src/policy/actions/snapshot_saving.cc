#include "policy/actions/snapshot_saving.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "policy/filters/stale.h"
#include "policy/guards/guards.h"

namespace reeve::policy {
namespace {

constexpr double bytes_in_gib = 1024.0 * 1024.0 * 1024.0;

struct Size {
  double gib = 0;
  std::string from;
};

/// The full size: what was written to the volume, or else the volume's size, which is more.
std::optional<Size> full_size(Value snapshot) {
  char text[64];
  if (const Value bytes = snapshot["FullSnapshotSizeInBytes"]; bytes.is_number() && bytes.as_integer() > 0) {
    const double gib = bytes.as_real() / bytes_in_gib;
    std::snprintf(text, sizeof(text), "%.2f GiB full size", gib);
    return Size{gib, text};
  }
  const Value size = snapshot["VolumeSize"];
  if (!size.is_number() || size.as_integer() <= 0) return std::nullopt;
  std::snprintf(text, sizeof(text), "%lld GiB volume size", static_cast<long long>(size.as_integer()));
  return Size{size.as_real(), text};
}

/// Cents are what people read; a tenth of a cent keeps sums honest.
double rounded(double usd) { return std::round(usd * 1000) / 1000; }

std::string at_price(const Size& size, const estate::Prices::Price& price) {
  char text[64];
  std::snprintf(text, sizeof(text), " at %.4g USD/%s", price.usd, price.unit.c_str());
  return size.from + text;
}

std::optional<Time> paid_until(const estate::RecordView& view, Time now) {
  const auto tier = view.column(tier_column);
  if (!tier) return std::nullopt;
  const Value since = (*tier)["ArchivalCompleteTime"];
  if (since.kind() != Kind::timestamp) return std::nullopt;
  const Time until = since.as_time() + std::chrono::hours(24 * archive_minimum_days);
  return until > now ? std::optional(until) : std::nullopt;
}

Saving no_figure(const Context& context) { return {.from = "no price for " + context.region + " in the price table"}; }

}  // namespace

std::optional<std::int64_t> snapshots_of_volume(const estate::RecordView& view) {
  const auto evidence = view.find_evidence(stale_evidence);
  if (!evidence) return std::nullopt;
  const Value count = (*evidence)["volume_snapshots"];
  return count.is_number() ? std::optional(count.as_integer()) : std::nullopt;
}

Saving saving_of_delete(const estate::RecordView& view, const Context& context) {
  const Value snapshot = view.record().document;
  const bool archived = snapshot["StorageTier"].as_text() == "archive";
  const auto size = full_size(snapshot);
  const auto price = context.prices.find(context.region, "ebs", archived ? "snapshot.archive" : "snapshot.standard");
  if (!price) return no_figure(context);
  if (!size) return {.from = "its size is unknown"};

  Saving saving{
      .at_most = rounded(size->gib * price->usd), .from = at_price(*size, *price), .price_date = price->as_of};
  if (archived) {
    const auto until = paid_until(view, context.now);
    saving.likely = until ? 0 : *saving.at_most;
    if (until) saving.from += "; nothing before " + format_iso8601(*until) + ": 90 days in the archive are paid anyway";
  } else if (snapshots_of_volume(view) == 1) {
    saving.likely = saving.at_most;
    saving.from += "; its volume has no other snapshot";
  } else {
    saving.from += "; snapshots are incremental, so it may be much less";
  }
  if (const auto bin = view.column(recycle_bin_column); bin && (*bin)["retention_days"].as_integer() > 0) {
    saving.from += "; after " + std::to_string((*bin)["retention_days"].as_integer()) + " days in the Recycle Bin";
  }
  return saving;
}

Saving saving_of_archive(const estate::RecordView& view, const Context& context) {
  const auto standard = context.prices.find(context.region, "ebs", "snapshot.standard");
  const auto archive = context.prices.find(context.region, "ebs", "snapshot.archive");
  if (!standard || !archive) return no_figure(context);
  const auto size = full_size(view.record().document);
  if (!size || snapshots_of_volume(view) != 1) {
    return {.from =
                "unknown: an archived snapshot is a full one, and what it takes now, beside others of its volume, is "
                "not known",
            .price_date = archive->as_of};
  }
  // What it takes now is at most the full size; a volume's only snapshot takes just that.
  const double usd = rounded(size->gib * (standard->usd - archive->usd));
  return {.likely = usd,
          .at_most = usd,
          .from = at_price(*size, *archive) + " instead of " + at_price({0, ""}, *standard).substr(4) +
                  "; 90 days are paid at least",
          .price_date = std::max(standard->as_of, archive->as_of)};
}

}  // namespace reeve::policy
