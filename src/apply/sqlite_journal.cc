#include <fmt/format.h>
#include <sqlite3.h>

#include <map>

#include "apply/journal.h"
#include "apply/sqlite_vfs.h"
#include "base/encoding.h"
#include "base/json.h"

namespace reeve::apply {
namespace {

constexpr const char* schema =
    "CREATE TABLE IF NOT EXISTS entries ("
    " seq INTEGER PRIMARY KEY, run TEXT NOT NULL, row TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,"
    " at INTEGER NOT NULL, body TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS entries_run ON entries(run, seq);"
    "CREATE INDEX IF NOT EXISTS entries_subject ON entries(subject, seq) WHERE subject != '';"
    "CREATE INDEX IF NOT EXISTS entries_runs ON entries(kind, seq) WHERE kind = 'run';"
    "PRAGMA user_version = 1;";

struct CloseDatabase {
  void operator()(sqlite3* db) const { sqlite3_close_v2(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, FinalizeStatement>;

std::string_view column_text(sqlite3_stmt* statement, int column) {
  const auto* text = sqlite3_column_text(statement, column);
  return text == nullptr ? std::string_view{}
                         : std::string_view(reinterpret_cast<const char*>(text),
                                            static_cast<std::size_t>(sqlite3_column_bytes(statement, column)));
}

void bind_text(sqlite3_stmt* statement, int index, std::string_view text) {
  sqlite3_bind_text64(statement, index, text.data(), text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

/// Seals an entry to the one before it in its run: what was written can't be changed or dropped unseen.
std::string hash_of(std::string_view prev_hash, std::string_view run, std::string_view row, std::string_view kind,
                    std::string_view body) {
  std::string all;
  for (const auto part : {prev_hash, run, row, kind, body}) {
    all += fmt::format("{}:", part.size());
    all += part;
  }
  return sha256_hex(all);
}

class SqliteJournal : public Journal {
 public:
  SqliteJournal(Database db, std::string path, Clock& clock, Loop& loop, Workers& workers)
      : db_(std::move(db)), path_(std::move(path)), clock_(clock), loop_(loop), workers_(workers) {}

  Result<void> prepare() {
    TRY(execute("PRAGMA journal_mode = WAL"));
    TRY(execute("PRAGMA synchronous = FULL"));
    TRY(execute(schema));
    return {};
  }

  Result<void> execute(const char* sql) {
    if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return broken("could not be used");
    return {};
  }

  Task<Result<void>> append(std::vector<NewEntry> entries) override {
    auto batch = waiting_ ? waiting_ : (waiting_ = std::make_shared<Batch>(loop_));
    for (auto& entry : entries) {
      batch->bodies.push_back(to_json(entry.body));
      batch->entries.push_back(std::move(entry));
    }
    if (!committing_) {
      committing_ = true;
      loop_.spawn(commit_all());
    }
    co_await batch->done.wait();
    co_return batch->result;
  }

  Result<std::vector<Entry>> read(std::string_view run) override {
    TRY(auto entries, select("WHERE run = ?1 ORDER BY seq", run));
    if (entries.empty()) {
      return fail({.code = Code::not_found,
                   .message = fmt::format("there is no run {}", run),
                   .hint = "`reeve runs` lists them"});
    }
    std::string_view before;
    for (const auto& entry : entries) {
      const std::string expected = hash_of(before, entry.run, entry.row, entry.kind, to_json(entry.body));
      if (entry.prev_hash != before || entry.hash != expected) {
        return fail(
            {.code = Code::journal,
             .message = fmt::format("the journal of run {} was changed or lost entries at seq {}", run, entry.seq),
             .resource = path_,
             .hint = "Do not resume or undo this run by it; look at the account, and keep the file"});
      }
      before = entry.hash;
    }
    return entries;
  }

  Result<std::vector<std::string>> runs() override {
    TRY(const auto entries, select("WHERE kind = 'run' ORDER BY seq", {}));
    std::vector<std::string> out;
    for (const auto& entry : entries) out.push_back(entry.run);
    return out;
  }

  Result<std::vector<Entry>> about(std::string_view subject) override {
    return select("WHERE subject = ?1 AND subject != '' ORDER BY seq", subject);
  }

  Result<std::vector<Entry>> subjects_since(Time since) override {
    return select("WHERE subject != '' AND at >= CAST(?1 AS INTEGER) ORDER BY seq", std::to_string(since.us));
  }

  Result<std::optional<std::string>> run_of_plan(std::string_view plan) override {
    TRY(const auto entries, select("WHERE kind = 'run' ORDER BY seq", {}));
    for (const auto& entry : entries) {
      if (entry.body["plan"].as_text() == plan) return std::optional(entry.run);
    }
    return std::optional<std::string>{};
  }

  Result<std::vector<std::string>> undos_of(std::string_view run) override {
    TRY(const auto entries, select("WHERE kind = 'run' ORDER BY seq", {}));
    std::vector<std::string> out;
    for (const auto& entry : entries) {
      if (entry.body["of"].as_text() == run) out.push_back(entry.run);
    }
    return out;
  }

 private:
  struct Batch {
    explicit Batch(Loop& loop) : done(loop) {}
    std::vector<NewEntry> entries;
    std::vector<std::string> bodies;
    Result<void> result;
    Event done;
  };

  std::unexpected<Error> broken(std::string_view what) const {
    const int code = sqlite3_extended_errcode(db_.get());
    const bool full = (code & 0xFF) == SQLITE_FULL;
    return fail({.code = Code::journal,
                 .message = fmt::format("the journal {}: {}", what, sqlite3_errmsg(db_.get())),
                 .resource = path_,
                 .hint = full ? "The disk is full: make room, then `reeve resume`"
                              : "Check that the state folder can be written, then `reeve resume`"});
  }

  /// Commits whatever has gathered, batch after batch, until nothing waits.
  Task<void> commit_all() {
    while (waiting_) {
      auto batch = std::exchange(waiting_, nullptr);
      const Time at = clock_.wall();
      std::move_only_function<void()> work = [this, batch, at] { batch->result = write(*batch, at); };
      co_await workers_.run(loop_, std::move(work));
      batch->done.set();
    }
    committing_ = false;
  }

  Result<void> write(const Batch& batch, Time at) {
    TRY(execute("BEGIN IMMEDIATE"));
    const auto written = write_entries(batch, at);
    if (!written) {
      sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      last_hash_.clear();
      return written;
    }
    const auto committed = execute("COMMIT");
    if (!committed) {
      sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
      last_hash_.clear();
    }
    return committed;
  }

  Result<void> write_entries(const Batch& batch, Time at) {
    if (!insert_) {
      TRY(insert_, statement("INSERT INTO entries(run, row, kind, subject, at, body, prev_hash, hash)"
                             " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
    }
    for (std::size_t i = 0; i < batch.entries.size(); ++i) {
      const NewEntry& entry = batch.entries[i];
      const std::string& body = batch.bodies[i];
      TRY(const std::string before, hash_before(entry.run));
      const std::string hash = hash_of(before, entry.run, entry.row, entry.kind, body);
      sqlite3_stmt* to = insert_.get();
      sqlite3_reset(to);
      bind_text(to, 1, entry.run);
      bind_text(to, 2, entry.row);
      bind_text(to, 3, entry.kind);
      bind_text(to, 4, entry.subject);
      sqlite3_bind_int64(to, 5, at.us);
      bind_text(to, 6, body);
      bind_text(to, 7, before);
      bind_text(to, 8, hash);
      if (sqlite3_step(to) != SQLITE_DONE) return broken("could not be written");
      sqlite3_reset(to);
      last_hash_[entry.run] = hash;
    }
    return {};
  }

  Result<std::string> hash_before(const std::string& run) {
    if (const auto known = last_hash_.find(run); known != last_hash_.end()) return known->second;
    TRY(const auto select, statement("SELECT hash FROM entries WHERE run = ?1 ORDER BY seq DESC LIMIT 1"));
    bind_text(select.get(), 1, run);
    const int step = sqlite3_step(select.get());
    if (step != SQLITE_ROW && step != SQLITE_DONE) return broken("could not be read");
    return step == SQLITE_ROW ? std::string(column_text(select.get(), 0)) : std::string();
  }

  Result<Statement> statement(const std::string& sql) {
    sqlite3_stmt* out = nullptr;
    if (sqlite3_prepare_v2(db_.get(), sql.c_str(), static_cast<int>(sql.size()), &out, nullptr) != SQLITE_OK) {
      return broken("could not be read");
    }
    return Statement(out);
  }

  Result<std::vector<Entry>> select(std::string_view where, std::string_view argument) {
    TRY(const auto query,
        statement("SELECT seq, run, row, kind, subject, body, prev_hash, hash FROM entries " + std::string(where)));
    if (!argument.empty()) bind_text(query.get(), 1, argument);
    std::vector<Entry> out;
    int step = 0;
    while ((step = sqlite3_step(query.get())) == SQLITE_ROW) {
      auto body = parse_json(column_text(query.get(), 5));
      if (!body) {
        return fail({.code = Code::journal, .message = "the journal holds a body that is not JSON", .resource = path_});
      }
      out.push_back({.seq = static_cast<std::uint64_t>(sqlite3_column_int64(query.get(), 0)),
                     .run = std::string(column_text(query.get(), 1)),
                     .row = std::string(column_text(query.get(), 2)),
                     .kind = std::string(column_text(query.get(), 3)),
                     .subject = std::string(column_text(query.get(), 4)),
                     .body = *std::move(body),
                     .prev_hash = std::string(column_text(query.get(), 6)),
                     .hash = std::string(column_text(query.get(), 7))});
    }
    if (step != SQLITE_DONE) return broken("could not be read");
    return out;
  }

  Database db_;
  Statement insert_;  // after db_: finalized before it is closed
  std::string path_;
  Clock& clock_;
  Loop& loop_;
  Workers& workers_;
  std::map<std::string, std::string> last_hash_;  // of runs that this object writes
  std::shared_ptr<Batch> waiting_;
  bool committing_ = false;
};

}  // namespace

std::string subject_of(const aws::Scope& scope, std::string_view kind, std::string_view id) {
  return fmt::format("{}/{}/{}/{}", scope.account, scope.region, kind, id);
}

Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path, Disk* disk, Clock& clock, Loop& loop,
                                                     Workers& workers) {
  sqlite3* raw = nullptr;
  const std::string vfs = disk != nullptr ? register_disk_vfs(*disk) : std::string();
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
  const int opened = sqlite3_open_v2(path.c_str(), &raw, flags, vfs.empty() ? nullptr : vfs.c_str());
  Database db(raw);
  if (opened != SQLITE_OK) {
    return fail(
        {.code = Code::journal,
         .message = fmt::format("the journal cannot be opened: {}", raw == nullptr ? "no memory" : sqlite3_errmsg(raw)),
         .resource = path,
         .hint = "Check that the state folder exists and can be written"});
  }
  constexpr int busy_ms = 10'000;  // other runs commit in milliseconds; this is for a machine under load
  sqlite3_busy_timeout(raw, busy_ms);
  auto journal = std::make_unique<SqliteJournal>(std::move(db), path, clock, loop, workers);
  if (disk != nullptr) TRY(journal->execute("PRAGMA locking_mode = EXCLUSIVE"));  // WAL without shared memory
  TRY(journal->prepare());
  return journal;
}

}  // namespace reeve::apply
