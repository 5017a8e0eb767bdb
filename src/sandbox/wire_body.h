#pragma once
#include <string>
#include <string_view>

#include "aws/sign.h"
#include "aws/sign_chunks.h"
#include "sandbox/service.h"

/// Bodies on the sandbox's side of the wire, and what S3 does in its own way there.
namespace reeve::sandbox {

/// A request whose body came as a stream: who signed it, and the body as it was meant, checked.
struct Received {
  aws::SignatureScope scope;
  BlobPtr body;
  std::map<aws::ChecksumKind, std::string> sums;  ///< those that its operation will ask for
  aws::Trailers trailers;                         ///< headers that came behind the body
};

/// Whether the sandbox wants a request's body as a stream: S3's large ones.
bool wants_stream(const HttpRequest& head);

/// Reads the body of a request that verify() passed: takes chunks apart, checks their signatures and the hash that the
/// request declares, and keeps the rest. Errors: access_denied with AWS's code and status (SignatureDoesNotMatch,
/// IncompleteBody, MalformedTrailerError, XAmzContentSHA256Mismatch), those of the stream, and limit_exceeded.
Task<Result<Received>> receive(const HttpRequest& request, aws::SignatureScope scope, const aws::SecretOf& secret_of,
                               BlobStore& blobs);

/// The bucket that a Host header names before S3's own name ("photos.s3.eu-west-1.amazonaws.com", "photos.localhost");
/// empty where the path names it.
std::string bucket_of_host(const HttpRequest& request);
/// The request as one that names its bucket in the path, without its body.
HttpRequest with_bucket_in_path(const HttpRequest& request, const std::string& bucket);

/// Puts what a handler gave beside its document into the answer. Errors: io.
Result<void> put_body(Bodies& bodies, HttpResponse& response);
/// Reads an answer's stream into its body. Errors: limit_exceeded, and the stream's.
Task<Result<void>> gather_body(HttpResponse& response);
/// Has an answer's body come `step` bytes at a time, with a pause before each.
void trickle(HttpResponse& response, Loop& loop, std::size_t step, Duration pause);

}  // namespace reeve::sandbox
