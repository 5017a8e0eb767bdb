// What one half of a codec writes the other reads back: random params and answers, made from the models with a seed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "aws/protocol/codec.h"
#include "base/json.h"

namespace reeve::aws {
namespace {

/// SplitMix64 (Steele, Lea, Flood 2014).
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
  std::uint64_t state_;
};

/// Makes values of shapes. What a wire cannot tell apart is not made: forms have no empty structures, maps or (EC2)
/// lists, flattened lists and headers no empty ones, headers no line ends.
class Generator {
 public:
  Generator(std::uint64_t seed, bool form_request, bool answer) : chance_(seed), form_(form_request), answer_(answer) {}

  Document make(const Shape& shape, const std::shared_ptr<Keys>& keys) {
    keys_ = keys;
    if (auto made = structure(shape, 0)) return *made;
    Builder b(keys_);
    b.begin_map();
    b.end();
    return b.finish();
  }

 private:
  std::optional<Document> structure(const Shape& shape, int depth) {
    if (shape.document) return scalar([](Builder& b) { b.add("any"); });
    Builder b(keys_);
    b.begin_map();
    bool any = false;
    const std::size_t only = shape.union_type && !shape.members.empty() ? chance_.below(shape.members.size()) : 0;
    for (std::size_t i = 0; i < shape.members.size(); ++i) {
      const Member& member = shape.members[i];
      const bool payload = member.name == shape.payload;
      if (answer_ && member.shape != nullptr && member.shape->event_stream) {  // none came
        b.begin_list(member.name);
        b.end();
        any = true;
        continue;
      }
      if (member.shape == nullptr || member.shape->event_stream || (shape.union_type && i != only)) continue;
      const bool always = member.required || payload || member.location == Location::status_code ||
                          (answer_ && member.location == Location::headers) || member.name == "EncodingType" ||
                          member.location_name == "Content-Type";  // sent in any case
      if (!always && !shape.union_type && (depth > 3 || chance_.below(3) == 0)) continue;
      if (const auto made = value(member, depth + 1)) {
        b.put(member.name, *made);
        any = true;
      }
    }
    for (std::size_t i = 0; form_ && !any && !shape.union_type && i < shape.members.size(); ++i) {
      const Member& member = shape.members[i];
      if (member.shape == nullptr) continue;
      if (const auto made = value(member, depth + 1)) {
        b.put(member.name, *made);
        any = true;
      }
    }
    b.end();
    if (!any && (form_ || shape.union_type)) return std::nullopt;
    return b.finish();
  }

  std::optional<Document> value(const Member& member, int depth) {
    const Shape& shape = *member.shape;
    if (depth > 12) return std::nullopt;
    const bool needs_items = form_ || member.flattened || member.location != Location::body;
    switch (shape.type) {
      case ShapeType::structure:
        return structure(shape, depth);
      case ShapeType::list: {
        Builder b(keys_);
        b.begin_list();
        std::size_t made = 0;
        for (std::uint64_t n = chance_.below(3) + (needs_items ? 1 : 0); n > 0 && shape.item.shape != nullptr; --n) {
          Member item = shape.item;
          item.location = member.location;
          if (const auto one = value(item, depth + 1)) b.add(*one), ++made;
        }
        b.end();
        if (made == 0 && needs_items) return std::nullopt;
        return b.finish();
      }
      case ShapeType::map: {
        Builder b(keys_);
        b.begin_map();
        std::size_t made = 0;
        for (std::uint64_t n = chance_.below(3) + (needs_items ? 1 : 0); n > 0 && shape.map_value.shape != nullptr;
             --n) {
          Member item = shape.map_value;
          item.location = member.location;
          if (const auto one = value(item, depth + 1)) b.put(fmt::format("key-{}", ++made), *one);
        }
        b.end();
        if (made == 0 && needs_items) return std::nullopt;
        return b.finish();
      }
      case ShapeType::string:
        return scalar([&](Builder& b) { b.add(text(member)); });
      case ShapeType::blob:
        return scalar([&](Builder& b) { b.blob(fmt::format("\x01\xff{}", chance_.next())); });
      case ShapeType::boolean:
        return scalar([&](Builder& b) { b.add(chance_.below(2) == 1); });
      case ShapeType::integer:
        return scalar([&](Builder& b) {
          b.add(member.location == Location::status_code ? std::int64_t{200}
                                                         : std::int64_t(chance_.below(1 << 20)) - 99);
        });
      case ShapeType::long_integer:
        return scalar([&](Builder& b) { b.add(static_cast<std::int64_t>(chance_.next())); });
      case ShapeType::timestamp:
        return scalar([&](Builder& b) { b.add(Time{std::int64_t(chance_.below(4'000'000'000)) * 1'000'000}); });
      default:
        return scalar([&](Builder& b) { b.add(static_cast<double>(chance_.below(100'000)) / 8); });
    }
  }

  std::string text(const Member& member) {
    const Shape& shape = *member.shape;
    if (!shape.enum_values.empty()) return std::string(shape.enum_values[chance_.below(shape.enum_values.size())]);
    if (member.host_label) return fmt::format("host-{}", chance_.below(1000));
    static constexpr std::string_view pieces[] = {"a",    "Zz9", "-",  "<&>", "\"'", "%2F+",
                                                  "ä€😀", " x ", "=&", ";,",  "/",   "]]>"};
    static constexpr std::string_view plain[] = {"a", "Zz9", "-", "%2F", "=", ";,", "/", "\"q\""};
    std::string out = "t";
    for (std::uint64_t n = chance_.below(5); n > 0; --n) {
      const bool header = member.location == Location::header || member.location == Location::headers;
      out += header ? plain[chance_.below(std::size(plain))] : pieces[chance_.below(std::size(pieces))];
    }
    if (member.location == Location::body && chance_.below(8) == 0) out += "\r\n\t";
    return out;
  }

  template <class F>
  Document scalar(F write) {
    Builder b(keys_);
    write(b);
    return b.finish();
  }

  Chance chance_;
  bool form_, answer_;
  std::shared_ptr<Keys> keys_;
};

std::uint64_t first_seed() {
  const char* seed = std::getenv("REEVE_SEED");
  return seed == nullptr ? 1 : std::strtoull(seed, nullptr, 10);
}

class RoundTrip : public testing::TestWithParam<const char*> {};

void round_trip(const std::shared_ptr<const ServiceModel>& model, const std::string& protocol) {
  const Codec& codec = *find_codec(protocol);
  const bool form = &codec == find_codec("ec2") || &codec == find_codec("query");
  std::size_t requests = 0, answers = 0;
  for (std::uint64_t seed = first_seed(); seed < first_seed() + 2; ++seed) {
    for (const std::string_view name : model->operation_names()) {
      const Operation& operation = *model->find_operation(name);
      if (operation.deprecated) continue;  // S3's share URIs, and elements within one structure
      const std::string what = fmt::format("{}.{} in {} REEVE_SEED={}", model->service(), name, protocol, seed);
      if (operation.input != nullptr) {
        const Document params = Generator(seed, form, false).make(*operation.input, model->keys());
        const auto sent = codec.encode_request(*model, operation, params, "");
        ASSERT_TRUE(sent) << what << ": " << sent.error().text() << "\n" << to_json(params);
        HttpRequest request;
        request.method = sent->method;
        request.target = sent->target;
        request.headers = sent->headers;
        request.body = sent->body;
        const auto routed = codec.route(*model, request);
        ASSERT_TRUE(routed) << what << ": " << routed.error().text() << " " << request.target;
        if (name == "ListDirectoryBuckets") continue;  // only its host tells it from ListBuckets
        EXPECT_EQ((*routed)->name, name) << what << " " << request.target;
        const auto read = codec.decode_request(*model, operation, request);
        ASSERT_TRUE(read) << what << ": " << read.error().text();
        EXPECT_TRUE(read->root() == params.root())
            << what << "\nsent " << to_json(params) << "\nread " << to_json(*read) << "\nwire " << request.target << " "
            << request.body.substr(0, 2000);
        ++requests;
      }
      if (operation.output != nullptr) {
        const Document result = Generator(seed, false, true).make(*operation.output, model->keys());
        auto answer = std::make_shared<HttpResponse>(codec.encode_response(*model, operation, result, "id"));
        const auto read = codec.decode_response(*model, operation, answer);
        ASSERT_TRUE(read) << what << ": " << read.error().text() << "\n" << answer->body;
        EXPECT_TRUE(read->root() == result.root()) << what << "\nsent " << to_json(result) << "\nread "
                                                   << to_json(*read) << "\nwire " << answer->body.substr(0, 2000);
        ++answers;
      }
      if (testing::Test::HasFailure()) return;
    }
  }
  EXPECT_GT(requests + answers, 10U);
}

TEST_P(RoundTrip, WhatOneHalfWritesTheOtherReads) {
  Models models;
  const auto model = *models.get(GetParam());
  for (const std::string& protocol : model->protocols) round_trip(model, protocol);
}

INSTANTIATE_TEST_SUITE_P(Services, RoundTrip,
                         testing::Values("ec2", "sts", "iam", "autoscaling", "sns", "ses", "cloudwatch", "rbin", "ebs",
                                         "lambda", "scheduler", "sesv2", "sqs", "logs", "events", "ssm", "kms",
                                         "cloudtrail", "s3", "s3control", "route53", "cloudfront", "dynamodb",
                                         "kinesis", "ecs"));

}  // namespace
}  // namespace reeve::aws
