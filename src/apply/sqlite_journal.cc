#include <fmt/format.h>
#include <sqlite3.h>

#include <map>
#include <mutex>

#include "apply/journal.h"
#include "apply/journal_mark.h"
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
    "CREATE INDEX IF NOT EXISTS entries_row ON entries(run, row, seq) WHERE row != '';"
    "CREATE INDEX IF NOT EXISTS entries_subject ON entries(subject, seq) WHERE subject != '';"
    "CREATE INDEX IF NOT EXISTS entries_runs ON entries(kind, seq) WHERE kind = 'run';"
    "CREATE INDEX IF NOT EXISTS entries_plan ON entries(json_extract(body, '$.plan')) WHERE kind = 'run';"
    "CREATE INDEX IF NOT EXISTS entries_of ON entries(json_extract(body, '$.of')) WHERE kind = 'run';";
constexpr int version = 1;  // docs/formats/journal.md

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

std::string damaged_hint(const std::string& path) {
  return fmt::format(
      "Keep a copy of {0}, {0}-wal and {0}-shm. `sqlite3 {0} .recover` may read what is left of it. Put "
      "a backup back; or move these files and {0}.mark away, and a new journal is begun: {1}",
      path, without_journal);
}

class SqliteJournal : public Journal {
 public:
  SqliteJournal(Database db, std::string path, Disk& disk, Clock& clock, Loop& loop, Workers& workers)
      : db_(std::move(db)), path_(std::move(path)), disk_(disk), clock_(clock), loop_(loop), workers_(workers) {}

  Result<void> prepare() {
    TRY(const int found, read_version());
    if (found > version) {
      return fail({.code = Code::journal,
                   .message = fmt::format("the journal has version {}: a newer Reeve wrote it, and this one knows "
                                          "version {} and older",
                                          found, version),
                   .resource = path_,
                   .hint = "Use the newer one. Nothing was changed"});
    }
    TRY(execute("PRAGMA journal_mode = WAL"));
    TRY(execute("PRAGMA synchronous = FULL"));
    TRY(execute(schema));
    // At each opening: this commit syncs what a killed process left unsynced, before anybody reads it.
    return execute(fmt::format("PRAGMA user_version = {}", version).c_str());
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

  Result<void> each(std::string_view run, const Visit& visit) override {
    return each_checked(run, Bodies::read, visit);
  }
  Result<void> each_sealed(std::string_view run, const Visit& visit) override {
    return each_checked(run, Bodies::left, visit);
  }

  Result<void> each_closed(std::string_view run, Order order, const Visit& visit) override {
    return select(std::string("AS closing WHERE run = ?1 AND kind = 'row' AND row != '' AND NOT EXISTS"
                              " (SELECT 1 FROM entries AS later WHERE later.run = ?1 AND later.row = closing.row AND"
                              " later.row != '' AND later.kind = 'row' AND later.seq > closing.seq) ORDER BY seq ") +
                      (order == Order::oldest_first ? "ASC" : "DESC"),
                  {run}, [&visit](const Entry& entry, std::string_view) { return visit(entry); });
  }

  Result<std::vector<Entry>> of_row(std::string_view run, std::string_view row) override {
    return all("WHERE run = ?1 AND row = ?2 AND row != '' ORDER BY seq", {run, row});
  }
  Result<std::optional<Entry>> closing_of_row(std::string_view run, std::string_view row) override {
    TRY(auto found, all("WHERE run = ?1 AND row = ?2 AND row != '' AND kind IN ('intent', 'row') ORDER BY seq DESC"
                        " LIMIT 1",
                        {run, row}));
    if (found.empty() || found.front().kind != "row") return std::optional<Entry>{};
    return std::optional(std::move(found.front()));
  }
  Result<Entry> first(std::string_view run) override { return one("WHERE run = ?1 ORDER BY seq LIMIT 1", run); }
  Result<Entry> last(std::string_view run) override { return one("WHERE run = ?1 ORDER BY seq DESC LIMIT 1", run); }

  Result<std::vector<std::string>> runs() override { return run_ids("WHERE kind = 'run' ORDER BY seq", {}); }

  Result<std::vector<std::string>> open_runs() override {
    return run_ids(
        "AS begun WHERE kind = 'run' AND coalesce((SELECT CASE WHEN kind = 'end' THEN json_extract(body, '$.state')"
        " END FROM entries AS newest WHERE newest.run = begun.run ORDER BY seq DESC LIMIT 1), '') NOT IN"
        " ('done', 'failed') ORDER BY seq DESC",
        {});
  }

  Result<std::vector<Entry>> about(std::string_view subject) override {
    return all("WHERE subject = ?1 AND subject != '' ORDER BY seq", {subject});
  }

  Result<std::optional<std::string>> run_of_plan(std::string_view plan) override {
    TRY(auto found, run_ids("WHERE kind = 'run' AND json_extract(body, '$.plan') = ?1 ORDER BY seq LIMIT 1", {plan}));
    return found.empty() ? std::optional<std::string>{} : std::optional(std::move(found.front()));
  }

  Result<std::vector<std::string>> undos_of(std::string_view run) override {
    return run_ids("WHERE kind = 'run' AND json_extract(body, '$.of') = ?1 ORDER BY seq", {run});
  }

 private:
  enum class Bodies : std::uint8_t { read, left };  // left: as null
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
    const bool damaged = (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
    return fail({.code = Code::journal,
                 .message = fmt::format("the journal {}: {}", what, sqlite3_errmsg(db_.get())),
                 .resource = path_,
                 .hint = full      ? "The disk is full: make room, then `reeve resume`"
                         : damaged ? damaged_hint(path_)
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
    TRY(commit(batch, at));
    for (const NewEntry& entry : batch.entries) {
      if (entry.kind == "run") set_mark(disk_, path_, entry.run);
    }
    return {};
  }

  Result<void> commit(const Batch& batch, Time at) {
    const std::lock_guard alone(use_);
    TRY(execute("BEGIN IMMEDIATE"));
    auto committed = write_entries(batch, at);
    if (committed) committed = execute("COMMIT");
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

  /// 0 for a new file.
  Result<int> read_version() {
    TRY(const auto query, statement("PRAGMA user_version"));
    if (sqlite3_step(query.get()) != SQLITE_ROW) return broken("could not be read");
    return sqlite3_column_int(query.get(), 0);
  }

  Result<Statement> statement(const std::string& sql) {
    sqlite3_stmt* out = nullptr;
    if (sqlite3_prepare_v2(db_.get(), sql.c_str(), static_cast<int>(sql.size()), &out, nullptr) != SQLITE_OK) {
      return broken("could not be read");
    }
    return Statement(out);
  }

  std::unexpected<Error> no_run(std::string_view run) const {
    return fail({.code = Code::not_found,
                 .message = fmt::format("there is no run {}", run),
                 .hint = "`reeve runs` lists them"});
  }

  Result<void> each_checked(std::string_view run, Bodies bodies, const Visit& visit) {
    std::string before;
    bool any = false;
    const auto check = [&](const Entry& entry, std::string_view body) -> Result<void> {
      any = true;
      const std::string expected = hash_of(before, entry.run, entry.row, entry.kind, body);
      if (entry.prev_hash != before || entry.hash != expected) {
        return fail(
            {.code = Code::journal,
             .message = fmt::format("the journal of run {} was changed or lost entries before seq {}", run, entry.seq),
             .resource = path_,
             .hint = fmt::format("Run {} is not resumed or undone by what is left: look at the account, and "
                                 "keep the file. Other runs are as they were",
                                 run)});
      }
      before = entry.hash;
      return visit(entry);
    };
    TRY(select("WHERE run = ?1 ORDER BY seq", {run}, check, bodies));
    return any ? Result<void>{} : no_run(run);
  }

  /// Gets an entry, and its body as it was written.
  using VisitBoth = std::function<Result<void>(const Entry&, std::string_view)>;

  /// Visits entries. Statements are kept: the same questions are asked for each row.
  Result<void> select(const std::string& where, std::initializer_list<std::string_view> arguments,
                      const VisitBoth& visit, Bodies bodies = Bodies::read) {
    const std::lock_guard alone(use_);
    Statement query;
    if (const auto kept = queries_.find(where); kept != queries_.end()) {
      query = std::move(kept->second);  // a visitor may ask the same question: then it gets a statement of its own
      queries_.erase(kept);
    } else {
      TRY(query, statement("SELECT seq, run, row, kind, subject, body, prev_hash, hash, at FROM entries " + where));
    }
    int index = 0;
    for (const auto argument : arguments) bind_text(query.get(), ++index, argument);
    const auto visited = visit_all(query.get(), visit, bodies);
    sqlite3_reset(query.get());
    queries_.insert_or_assign(where, std::move(query));
    return visited;
  }

  Result<void> visit_all(sqlite3_stmt* query, const VisitBoth& visit, Bodies bodies) {
    int step = 0;
    while ((step = sqlite3_step(query)) == SQLITE_ROW) {
      auto body = bodies == Bodies::read ? parser_.parse(column_text(query, 5)) : Document();
      if (!body) {
        return fail({.code = Code::journal,
                     .message = "the journal holds a body that is not JSON",
                     .resource = path_,
                     .hint = damaged_hint(path_)});
      }
      const Entry entry{.seq = static_cast<std::uint64_t>(sqlite3_column_int64(query, 0)),
                        .at = Time{sqlite3_column_int64(query, 8)},
                        .run = std::string(column_text(query, 1)),
                        .row = std::string(column_text(query, 2)),
                        .kind = std::string(column_text(query, 3)),
                        .subject = std::string(column_text(query, 4)),
                        .body = *std::move(body),
                        .prev_hash = std::string(column_text(query, 6)),
                        .hash = std::string(column_text(query, 7))};
      TRY(visit(entry, column_text(query, 5)));
    }
    if (step != SQLITE_DONE) return broken("could not be read");
    return {};
  }

  Result<std::vector<Entry>> all(const std::string& where, std::initializer_list<std::string_view> arguments) {
    std::vector<Entry> out;
    TRY(select(where, arguments, [&out](const Entry& entry, std::string_view) -> Result<void> {
      out.push_back(entry);
      return {};
    }));
    return out;
  }

  Result<std::vector<std::string>> run_ids(const std::string& where,
                                           std::initializer_list<std::string_view> arguments) {
    std::vector<std::string> out;
    TRY(select(where, arguments, [&out](const Entry& entry, std::string_view) -> Result<void> {
      out.push_back(entry.run);
      return {};
    }));
    return out;
  }

  Result<Entry> one(const std::string& where, std::string_view run) {
    TRY(auto found, all(where, {run}));
    if (found.empty()) return no_run(run);
    return std::move(found.front());
  }

  /// Held for one commit or one reading: they share a connection, and a reading between would see half a commit, and
  /// each the other's errors. Recursive: who visits entries may ask the journal.
  std::recursive_mutex use_;
  Database db_;
  Statement insert_;  // after db_: finalized before it is closed
  std::map<std::string, Statement> queries_;
  JsonParser parser_;
  std::string path_;
  Disk& disk_;
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

Result<std::vector<Entry>> Journal::read(std::string_view run) {
  std::vector<Entry> out;
  TRY(each(run, [&out](const Entry& entry) -> Result<void> {
    out.push_back(entry);
    return {};
  }));
  return out;
}

Result<std::unique_ptr<Journal>> open_sqlite_journal(const std::string& path, FileLayer layer, Disk& disk, Clock& clock,
                                                     Loop& loop, Workers& workers) {
  sqlite3* raw = nullptr;
  const std::string vfs = layer == FileLayer::disk ? register_disk_vfs(disk) : std::string();
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
  auto journal = std::make_unique<SqliteJournal>(std::move(db), path, disk, clock, loop, workers);
  if (layer == FileLayer::disk) TRY(journal->execute("PRAGMA locking_mode = EXCLUSIVE"));  // WAL without shared memory
  TRY(journal->prepare());
  TRY(check_mark(disk, path, *journal));
  return journal;
}

}  // namespace reeve::apply
