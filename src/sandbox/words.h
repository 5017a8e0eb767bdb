#pragma once
#include <string>
#include <string_view>

#include "sandbox/service.h"

/// What AWS says in the same case in other words, by the protocol of the service ("ec2", "query", "rest-json", …).
namespace reeve::sandbox::words {

/// For an operation that the service lacks, or that is not known here.
Fault unknown_operation(std::string_view protocol, std::string_view operation);
/// For a call that a policy denies; `text` says who and what.
Fault denied(std::string_view protocol, std::string text);
/// For a call in a region that the account did not opt into.
Fault opted_out(std::string_view protocol);

}  // namespace reeve::sandbox::words
