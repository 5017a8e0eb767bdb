#include "aws/protocol/event_stream.h"

#include <gtest/gtest.h>

namespace reeve::aws {
namespace {

using Type = EventHeader::Type;

TEST(EventStream, MessagesAreReadAsTheyWereWritten) {
  const EventMessage message{.headers = {{":event-type", Type::text, 0, "Records"},
                                         {"a", Type::yes},
                                         {"b", Type::byte, -1},
                                         {"c", Type::int16, -300},
                                         {"d", Type::int32, 70'000},
                                         {"e", Type::int64, INT64_MIN},
                                         {"f", Type::bytes, 0, std::string_view("\0\xff", 2)},
                                         {"g", Type::timestamp, 1'700'000'000'123},
                                         {"h", Type::uuid, 0, "0123456789abcdef"}},
                             .payload = "a,b\n"};
  const std::string bytes = encode_event_message(message);
  EXPECT_EQ(event_message_size(bytes.substr(0, 11)).value(), std::nullopt);
  EXPECT_EQ(event_message_size(bytes + "next").value(), bytes.size());
  const auto read = decode_event_message(bytes);
  ASSERT_TRUE(read) << read.error().text();
  EXPECT_EQ(read->payload, message.payload);
  EXPECT_EQ(read->text(":event-type"), "Records");
  ASSERT_EQ(read->headers.size(), message.headers.size());
  for (std::size_t i = 0; i < read->headers.size(); ++i) {
    EXPECT_EQ(read->headers[i].name, message.headers[i].name);
    EXPECT_EQ(read->headers[i].type, message.headers[i].type);
    EXPECT_EQ(read->headers[i].number, message.headers[i].number) << i;
    EXPECT_EQ(read->headers[i].bytes, message.headers[i].bytes);
  }
}

TEST(EventStream, EveryDamagedByteIsNoticed) {
  const std::string good = encode_event_message({.headers = {{":event-type", Type::text, 0, "End"}}, .payload = "x"});
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    EXPECT_FALSE(decode_event_message(bad)) << at;
    EXPECT_FALSE(decode_event_message(good.substr(0, at))) << at;
  }
}

}  // namespace
}  // namespace reeve::aws
