// Our half of bench/decode: decodes pages of answers into documents, one core, and says how fast and how large.
//
//   decode_bench SERVICE OPERATION PAGE RECORDS [hold COPIES]
//
// Prints {"seconds": CPU seconds a page (the best of several rounds), "held_bytes": of one record, by the arenas}.
// With `hold`, decodes COPIES pages, keeps them all and prints what the process then holds ("resident_bytes").
#include <fmt/format.h>
#include <time.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "aws/model.h"
#include "aws/protocol/codec.h"

namespace {

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t size = 0, resident = 0;
  file >> size >> resident;
  return resident * 4096;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace reeve::aws;
  if (argc < 5) {
    fmt::print(stderr, "usage: decode_bench SERVICE OPERATION PAGE RECORDS [hold COPIES]\n");
    return 1;
  }
  const double begin = cpu_seconds();
  Models models;
  const auto found = models.get(argv[1], argv[2]);
  if (!found) {
    fmt::print(stderr, "{}\n", found.error().text());
    return 1;
  }
  const double model_seconds = cpu_seconds() - begin;
  const Codec& codec = **codec_for(*found->model);
  std::ifstream file(argv[3]);
  std::stringstream text;
  text << file.rdbuf();
  auto response = std::make_shared<reeve::HttpResponse>();
  response->status = 200;
  response->body = text.str();
  response->body.append(64, '\0');
  response->body.resize(response->body.size() - 64);

  const std::size_t before = resident_bytes();
  std::vector<reeve::Document> held;
  const bool hold = argc > 6;
  const int rounds = hold ? std::atoi(argv[6]) : 0;
  double best = 1e9;
  std::size_t arena_bytes = 0;
  const double end = cpu_seconds() + 2;
  for (int i = 0; hold ? i < rounds : (i < 5 || cpu_seconds() < end); ++i) {
    const double start = cpu_seconds();
    auto document = codec.decode_response(*found->model, *found->operation, response);
    if (!document) {
      fmt::print(stderr, "{}\n", document.error().text());
      return 1;
    }
    best = std::min(best, cpu_seconds() - start);
    arena_bytes = document->arena()->size_bytes();
    if (hold) held.push_back(*std::move(document));
  }
  fmt::print("{{\"seconds\": {}, \"model_seconds\": {}, \"held_bytes\": {}, \"resident_bytes\": {}}}\n", best,
             model_seconds, static_cast<double>(arena_bytes) / std::atof(argv[4]), resident_bytes() - before);
  return 0;
}
