#include "aws/http_server_body.h"

#include <aws/http/http.h>

#include <chrono>
#include <utility>

namespace reeve::aws::server {

// --- In --------------------------------------------------------------------------------------------------------------

bool RequestPipe::put(std::string_view piece) {
  std::move_only_function<void(bool)> wake;
  {
    const std::lock_guard lock(mutex_);
    if (given_up_) return false;
    held_.append(piece);
    wake = std::exchange(waiting_, nullptr);
  }
  if (wake) wake(true);
  return true;
}

void RequestPipe::end(bool whole) {
  std::move_only_function<void(bool)> wake;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    ended_ = true;
    broken_ = !whole;
    wake = std::exchange(waiting_, nullptr);
  }
  if (wake) wake(true);
}

Task<Result<std::string>> RequestPipe::take() {
  while (true) {
    Completion<bool> came(loop_);
    std::string piece;
    bool ended = false, broken = false;
    {
      const std::lock_guard lock(mutex_);
      piece.swap(held_);
      ended = ended_, broken = broken_;
      if (piece.empty() && !ended) waiting_ = came.completer();
    }
    if (!piece.empty()) {
      open_window_(piece.size());
      co_return piece;
    }
    if (broken) co_return fail(Code::network, "the connection broke within the request's body");
    if (ended) co_return std::string();
    Task<bool> wait = came.wait();
    co_await std::move(wait);
  }
}

void RequestPipe::give_up() {
  std::size_t dropped = 0;
  {
    const std::lock_guard lock(mutex_);
    if (ended_) return;
    given_up_ = true;
    dropped = held_.size();
    held_.clear();
  }
  if (dropped > 0) open_window_(dropped);
}

namespace {

class PipeReader : public ByteReader {
 public:
  explicit PipeReader(std::shared_ptr<RequestPipe> pipe) : pipe_(std::move(pipe)) {}
  ~PipeReader() override { pipe_->give_up(); }
  Task<Result<std::string>> next() override { return pipe_->take(); }

 private:
  std::shared_ptr<RequestPipe> pipe_;
};

class PipeSource : public ByteSource {
 public:
  PipeSource(std::shared_ptr<RequestPipe> pipe, std::optional<std::uint64_t> size)
      : pipe_(std::move(pipe)), size_(size) {}
  std::optional<std::uint64_t> size() const override { return size_; }
  Result<std::unique_ptr<ByteReader>> open() override {
    if (!pipe_) return fail(Code::unsupported, "the request's body was read already");
    return std::make_unique<PipeReader>(std::exchange(pipe_, nullptr));
  }

 private:
  std::shared_ptr<RequestPipe> pipe_;
  std::optional<std::uint64_t> size_;
};

}  // namespace

std::shared_ptr<ByteSource> request_source(std::shared_ptr<RequestPipe> pipe, std::optional<std::uint64_t> size) {
  return std::make_shared<PipeSource>(std::move(pipe), size);
}

// --- Out -------------------------------------------------------------------------------------------------------------

namespace {

/// How long the library's thread waits for a piece before it looks after its other connections: its stream cannot be
/// told to go on later, it asks again at once.
constexpr auto patience = std::chrono::milliseconds(1);

/// What both threads see of one body.
struct Outlet : std::enable_shared_from_this<Outlet> {
  Outlet(Loop& l, std::shared_ptr<ByteReader> r) : loop(l), reader(std::move(r)) {}
  Loop& loop;
  std::shared_ptr<ByteReader> reader;  // the loop's thread
  std::mutex mutex;
  std::condition_variable came;
  std::string next;  // fetched and not yet begun
  bool fetching = false, ended = false, failed = false;

  /// With the mutex held.
  void fetch() {
    if (std::exchange(fetching, true)) return;
    loop.post([self = shared_from_this()]() mutable {
      Loop& on = self->loop;
      on.spawn(pull(std::move(self)));
    });
  }
  static Task<void> pull(std::shared_ptr<Outlet> self) {
    Task<Result<std::string>> wait = self->reader->next();
    Result<std::string> piece = co_await std::move(wait);
    {
      const std::lock_guard lock(self->mutex);
      self->fetching = false;
      if (!piece) {
        self->failed = true;
      } else if (piece->empty()) {
        self->ended = true;
      } else {
        self->next = *std::move(piece);
      }
    }
    self->came.notify_one();
  }
};

struct AnswerStream : aws_input_stream {
  AnswerStream(std::shared_ptr<Outlet> from, std::optional<std::uint64_t> broken)
      : outlet(std::move(from)), broken_after(broken) {
    static constexpr aws_input_stream_vtable functions{
        .seek = nullptr, .read = &read, .get_status = &get_status, .get_length = &get_length};
    impl = this;
    vtable = &functions;
    aws_ref_count_init(&ref_count, this, [](void* self) { delete static_cast<AnswerStream*>(self); });
  }
  ~AnswerStream() {
    // The reader ends where it lives.
    Loop& loop = outlet->loop;
    loop.post([outlet = std::move(outlet)] {});
  }

  static int read(aws_input_stream* stream, aws_byte_buf* into) {
    auto& self = *static_cast<AnswerStream*>(stream->impl);
    // What is read together with an error is not sent, so that the break comes with a read of its own.
    if (self.broken_after && self.sent >= *self.broken_after) return aws_raise_error(AWS_ERROR_HTTP_CONNECTION_CLOSED);
    if (self.at == self.piece.size()) {
      std::unique_lock lock(self.outlet->mutex);
      Outlet& from = *self.outlet;
      if (from.next.empty() && !from.ended && !from.failed) {
        from.fetch();
        from.came.wait_for(lock, patience, [&] { return !from.next.empty() || from.ended || from.failed; });
      }
      if (from.failed && from.next.empty()) return aws_raise_error(AWS_ERROR_HTTP_CONNECTION_CLOSED);
      if (from.next.empty()) {
        self.ended = from.ended;
        return AWS_OP_SUCCESS;
      }
      self.piece = std::exchange(from.next, {});
      self.at = 0;
      if (!from.ended && !from.failed) from.fetch();
    }
    std::size_t take = std::min(self.piece.size() - self.at, into->capacity - into->len);
    if (self.broken_after) take = std::min<std::uint64_t>(take, *self.broken_after - self.sent);
    aws_byte_buf_write(into, reinterpret_cast<const std::uint8_t*>(self.piece.data()) + self.at, take);
    self.at += take;
    self.sent += take;
    return AWS_OP_SUCCESS;
  }
  static int get_status(aws_input_stream* stream, aws_stream_status* status) {
    *status = {.is_end_of_stream = static_cast<AnswerStream*>(stream->impl)->ended, .is_valid = true};
    return AWS_OP_SUCCESS;
  }
  static int get_length(aws_input_stream*, std::int64_t*) { return aws_raise_error(AWS_ERROR_UNSUPPORTED_OPERATION); }

  std::shared_ptr<Outlet> outlet;
  std::optional<std::uint64_t> broken_after;
  std::string piece;
  std::size_t at = 0;
  std::uint64_t sent = 0;
  bool ended = false;
};

}  // namespace

aws_input_stream* answer_stream(Loop& loop, std::shared_ptr<ByteReader> reader,
                                std::optional<std::uint64_t> broken_after) {
  return new AnswerStream(std::make_shared<Outlet>(loop, std::move(reader)), broken_after);
}

}  // namespace reeve::aws::server
