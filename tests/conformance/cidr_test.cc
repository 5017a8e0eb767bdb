// What policies take for an address or a network: values/cidr.json, made with Python's ipaddress.
#include "text/cidr.h"

#include <gtest/gtest.h>

#include "suite_files.h"

namespace reeve::text {
namespace {

TEST(CidrSuite, EveryCase) {
  const Document suite = suite_file("values/cidr.json");
  if (suite.root().is_null()) GTEST_SKIP();
  Ledger ledger("cidr", {});
  for (const Value c : suite["cases"].items()) {
    const auto got = parse_cidr(c["in"].as_text());
    const std::string type = !got ? "NoneType" : got->v6 ? "IPv6Address" : got->network ? "IPv4Network" : "IPv4Address";
    const bool same = type == c["type"].as_text() && (!got || got->text() == c["result"].as_text());
    ledger.note(c["in"].as_string(), same, got ? got->text() : "nothing");
  }
}

}  // namespace
}  // namespace reeve::text
