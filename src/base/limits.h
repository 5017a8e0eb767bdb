#pragma once
#include <cstddef>
#include <cstdint>

/// The limits of every parser and queue, with the reason for each. Past a limit the answer is Code::limit_exceeded.
namespace reeve::limits {

/// Deepest nesting of a document. AWS's deepest answers nest about 12 levels; recursion stays far from the stack's end.
inline constexpr std::size_t document_depth = 128;
/// Largest answer that is decoded as one document. EC2's largest pages are 10-20 MB.
inline constexpr std::size_t response_body_bytes = std::size_t{256} << 20;
/// Headers of one answer, all blocks together (interim answers and trailers count): AWS sends some 20 of a kilobyte in
/// all, S3's user metadata up to 2 KB more, and a proxy adds a few.
inline constexpr std::size_t response_headers = 1'000;
inline constexpr std::size_t response_header_bytes = std::size_t{1} << 20;
/// Interim answers (1xx) before the one that counts. AWS sends one at most.
inline constexpr std::size_t interim_answers = 20;
/// Largest request body of a call that is not streamed.
inline constexpr std::size_t request_body_bytes = std::size_t{64} << 20;
/// Largest file that people write for us (policies, estates, scripts, configuration).
inline constexpr std::size_t text_file_bytes = std::size_t{64} << 20;
/// Longest name of a policy: it stands in plans, file names and tags, and AWS takes 128 characters in most of its own.
inline constexpr std::size_t policy_name_bytes = 128;
/// Nodes that YAML aliases may expand to: a hundred bytes can otherwise ask for gigabytes.
inline constexpr std::size_t yaml_nodes = 5'000'000;
/// Longest JMESPath expression and deepest nesting: policies' longest are a few hundred characters, the compliance
/// suite nests 105 projections.
inline constexpr std::size_t jmespath_bytes = 64 * 1024;
inline constexpr std::size_t jmespath_depth = 150;
/// Values that one search visits or makes: `[@,@]|[@,@]|…` doubles with every seven characters.
inline constexpr std::size_t jmespath_steps = 5'000'000;
/// Pages of one listing: 100,000 pages of 1,000 are a hundred million records, more than any account holds.
inline constexpr std::size_t listing_pages = 100'000;
/// Empty pages with a token, one after another, before a listing counts as broken.
inline constexpr std::size_t empty_pages_in_a_row = 1'000;
/// Backtracking of one regular expression on one text, and its depth: bounds a policy's worst regex to milliseconds.
inline constexpr std::uint32_t regex_match_steps = 1'000'000;
inline constexpr std::uint32_t regex_depth = 10'000;
/// What a command may write to each of its outputs: credential_process answers are a few kilobytes.
inline constexpr std::size_t process_output_bytes = std::size_t{1} << 20;
/// Interned keys: all members of all of botocore's models are about 60,000 names.
inline constexpr std::size_t interned_keys = (std::size_t{1} << 24) - 2;

}  // namespace reeve::limits
