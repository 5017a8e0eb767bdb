#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/task.h"
#include "base/time.h"

/// The seams to the world: nothing else in Reeve may reach for time, chance, files, the network, processes or the
/// environment (tests/lint checks it). Each has a real implementation (real_seams.h) and a simulated one (sim_seams.h).
namespace reeve {

/// Chance. Deterministic from its seed where one is given.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
  /// Uniform in [0, 1).
  double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  /// Uniform in [0, bound); 0 for bound 0.
  std::uint64_t below(std::uint64_t bound);
  bool chance(double probability) { return unit() < probability; }
  /// A random UUID (RFC 9562, version 4) in lower case.
  std::string uuid();
};

/// One open file. Offsets and sizes in bytes.
class File {
 public:
  virtual ~File() = default;
  /// Reads up to `into.size()` bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> into) = 0;
  virtual Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  virtual Result<void> truncate(std::uint64_t size) = 0;
  /// What was written before survives a crash after this returns.
  virtual Result<void> sync() = 0;
  virtual Result<std::uint64_t> size() = 0;
};

/// An advisory lock on a file, gone with this object or its process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Files. Paths are absolute or relative to the working folder. New files are 0600, new folders 0700.
/// Errors: not_found where the path does not exist, otherwise io, with the path as the resource.
class Disk {
 public:
  virtual ~Disk() = default;
  enum class Open { read, write, create };  ///< write: must exist; create: made if missing; both read and write
  virtual Result<std::unique_ptr<File>> open(const std::string& path, Open how) = 0;
  virtual Result<void> remove(const std::string& path) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<bool> exists(const std::string& path) = 0;
  virtual Result<bool> is_folder(const std::string& path) = 0;
  /// Makes a folder and those above it; fine if it exists.
  virtual Result<void> make_folders(const std::string& path) = 0;
  /// Names in a folder (not paths), sorted.
  virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
  /// Makes changes to the folder itself (new names, renames) survive a crash.
  virtual Result<void> sync_folder(const std::string& path) = 0;
  /// flock(2) on the file, made if missing, without waiting. nullptr if somebody else holds it.
  virtual Result<std::unique_ptr<FileLock>> try_lock(const std::string& path) = 0;
  virtual Result<std::optional<Time>> modified(const std::string& path) = 0;

  /// The whole file. Errors as above, and limit_exceeded past `most` bytes.
  Result<std::string> read_file(const std::string& path, std::size_t most);
  /// Writes a whole file so that a crash leaves the old content or the new (write beside, sync, rename, sync folder).
  Result<void> write_file(const std::string& path, std::string_view content);
  /// The same for content that is made piece by piece: `content` is handed what takes the pieces, in order.
  /// Errors: as above, and what `content` returns; then the old file stays.
  using Pieces = std::function<Result<void>(std::string_view)>;
  Result<void> replace_file(const std::string& path, const std::function<Result<void>(const Pieces&)>& content);
};

/// A request over HTTP/1.1 as it goes on the wire.
struct HttpRequest {
  std::string method = "GET";
  std::string scheme = "https";  ///< http or https
  std::string host;
  std::uint16_t port = 0;    ///< 0 = the scheme's own
  std::string target = "/";  ///< path and query, percent-encoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Sent in place of `body` where it is set, at its size or, without one, in chunks. What a server was asked with may
  /// be opened once.
  std::shared_ptr<ByteSource> stream = {};
  /// Whether the body of a success (2xx) is wanted piece by piece, in HttpResponse::stream.
  bool streams_response = false;
};

struct HttpResponse {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< followed by at least 64 readable zero bytes (`body.capacity()` covers them) when from Http
  /// The body in place of `body`: from Http where it was asked for and the status is 2xx; from a server's handler,
  /// which then sets Content-Length, or has it sent in chunks.
  std::shared_ptr<ByteReader> stream = {};
  /// The first header of that name, without regard to case; empty if there is none.
  std::string_view header(std::string_view name) const;
};

/// The network: one request, one answer. Connections are pooled underneath.
/// Errors: network (could not connect, connection broke), timed_out, cancelled, limit_exceeded (body too large).
class Http {
 public:
  virtual ~Http() = default;
  virtual Task<Result<HttpResponse>> send(HttpRequest request, Steady deadline, Cancel cancel) = 0;
};

/// Other programs.
class Process {
 public:
  virtual ~Process() = default;
  struct Output {
    int exit_code = 0;
    std::string out, error;
  };
  /// Runs a command through /bin/sh -c and waits, at most `timeout`. Errors: io, timed_out.
  virtual Task<Result<Output>> run(std::string command, Duration timeout) = 0;
};

/// The process's surroundings.
class Environment {
 public:
  virtual ~Environment() = default;
  /// A variable; nullopt if it is not set. Set but empty is an empty text.
  virtual std::optional<std::string> get(std::string_view name) = 0;
  virtual std::string home() = 0;  ///< the user's home folder; empty if unknown
  virtual std::string host_name() = 0;
  virtual std::int64_t process_id() = 0;
};

/// All seams together, as the engine hands them down. Whoever made them keeps them alive.
struct World {
  Clock& clock;
  Random& random;
  Disk& disk;
  Http& http;
  Process& process;
  Environment& environment;
  Workers& workers;
  Loop& loop;
};

}  // namespace reeve
