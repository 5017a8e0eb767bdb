#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/document.h"
#include "base/result.h"
#include "base/seams.h"

namespace reeve::aws {

enum class ShapeType : std::uint8_t {
  structure,
  list,
  map,
  string,
  blob,
  boolean,
  integer,
  long_integer,
  float_number,
  double_number,
  timestamp
};
enum class TimestampFormat : std::uint8_t { unset, iso8601, rfc822, unix_timestamp };
enum class Location : std::uint8_t { body, uri, querystring, header, headers, status_code };

struct Shape;

/// A member of a structure, the item of a list, or the key or value of a map, with the traits that stand at the
/// reference (they win over the shape's own).
struct Member {
  std::string_view name;      ///< as people and documents write it
  Keys::Id key = Keys::none;  ///< `name` in the models' Keys
  const Shape* shape = nullptr;
  std::string_view location_name;  ///< on the wire; empty = name
  std::string_view query_name;     ///< ec2's queryName
  Location location = Location::body;
  TimestampFormat timestamp_format = TimestampFormat::unset;
  bool flattened = false, xml_attribute = false, streaming = false, event_payload = false, event_header = false;
  bool host_label = false, idempotency_token = false, json_value = false, required = false, sensitive = false;
  std::string_view context_parameter;    ///< of the endpoint rules, that its value is; empty: none
  std::string_view xml_prefix, xml_uri;  ///< xmlNamespace
  std::string_view xml_name;             ///< the element that holds it in XML: a flattened list's item's name wins
};

/// A shape of a model: botocore's JSON, resolved.
struct Shape {
  std::string_view name;
  ShapeType type = ShapeType::structure;
  std::vector<Member> members;  ///< of a structure, in the model's order; empty until resolved lazily is not seen
  Member item;                  ///< of a list
  Member map_key, map_value;    ///< of a map
  bool flattened = false, streaming = false, sensitive = false, union_type = false, event_stream = false;
  bool exception = false, boxed = false;
  bool document = false;      ///< a structure that takes any JSON value
  std::uint32_t ordinal = 0;  ///< number of its first member among all members that the model resolved
  TimestampFormat timestamp_format = TimestampFormat::unset;
  std::string_view location_name, xml_prefix, xml_uri;
  std::string_view payload;            ///< member that is the whole body, or empty
  Location location = Location::body;  ///< of members that say nothing themselves
  std::span<const std::string_view> enum_values;
  std::string_view error_code;  ///< of an exception: error.code, else empty (then its name counts)
  int error_status = 0;
  bool sender_fault = false, retryable = false, throttling = false;
  const Member* find(std::string_view member) const;  ///< nullptr if there is none
};

/// A parameter of the endpoint rules that an operation sets whatever it is called with, or reads from its input
/// (Smithy: "Endpoint rules engine", staticContextParams and operationContextParams).
struct ContextParameter {
  std::string_view name;
  std::string_view path;  ///< JMESPath on the input; empty: it is fixed, as follows
  std::string_view text;  ///< the fixed value, if it is no truth value
  bool truth = false;     ///< the fixed value, if `text` is empty
};

/// An operation of a service.
struct Operation {
  std::string_view name;
  std::string_view method = "POST";    ///< HTTP
  std::string_view request_uri = "/";  ///< with {labels}
  int response_code = 200;
  const Shape* input = nullptr;   ///< nullptr = takes nothing
  const Shape* output = nullptr;  ///< nullptr = gives nothing
  std::vector<const Shape*> errors;
  std::string_view result_wrapper;  ///< query's resultWrapper; empty = none
  std::string_view auth_type;       ///< "none", "v4-unsigned-body" or empty
  std::string_view host_prefix;     ///< endpoint.hostPrefix, with {labels}
  std::string_view input_location_name, input_xml_uri;
  // Checksums (Smithy: "httpChecksum trait", "httpChecksumRequired trait").
  std::string_view checksum_algorithm_member;            ///< of the input: which one; empty: there is no choice
  std::string_view checksum_mode_member;                 ///< of the input: whether the answer is to carry one
  std::span<const std::string_view> response_checksums;  ///< the algorithms it may carry then
  bool checksum_required = false;
  bool deprecated = false;
  std::vector<ContextParameter> context_parameters;
  std::span<const std::string_view> request_compression = {};  ///< encodings of requestcompression, such as "gzip"
};

/// One service's model: operations and shapes, with paginators and endpoint rules as documents. Immutable; pointers to
/// shapes and operations live as long as it. Made by Models or, in suites, from a JSON text. An operation's shapes are
/// resolved when it is first asked for (all that it reaches, at once), safe from any thread.
class ServiceModel {
 public:
  /// `service` is botocore's folder name; `service_json` a service-2.json, the others paginators-1.json, waiters-2.json
  /// and endpoint-rule-set-1.json or empty. Errors: malformed.
  static Result<std::shared_ptr<const ServiceModel>> parse(std::string_view service, std::string_view service_json,
                                                           std::string_view paginators, std::string_view waiters,
                                                           std::string_view endpoint_rules, std::shared_ptr<Keys> keys);
  virtual ~ServiceModel();
  const std::string& service() const { return service_; }
  const std::shared_ptr<Keys>& keys() const { return keys_; }

  // metadata
  std::string protocol, api_version, endpoint_prefix, signing_name, service_id, json_version, target_prefix, xml_uri,
      global_endpoint, signature_version;
  std::vector<std::string> protocols;
  bool query_compatible = false;

  const Operation* find_operation(std::string_view name) const;  ///< nullptr if there is none
  std::vector<std::string_view> operation_names() const;
  const Shape* find_shape(std::string_view name) const;
  /// The error shape of this code (error.code of the model, else the shape's name); nullptr if there is none.
  const Shape* find_error(std::string_view code) const;

  Document paginators;  ///< {"DescribeSnapshots": {"input_token", "output_token", "limit_key", "result_key", …}}
  Document waiters;
  std::string endpoint_rules;  ///< the rule set's JSON text, for the rules engine

 protected:
  ServiceModel(std::string service, std::shared_ptr<Keys> keys);
  struct Impl;
  std::string service_;
  std::shared_ptr<Keys> keys_;
  std::unique_ptr<Impl> impl_;
};

/// The embedded models, and those of a folder. A service is unpacked and parsed when first asked for, once. Safe from
/// any thread.
class Models {
 public:
  Models();
  ~Models();
  /// Adds the services of a folder in botocore's layout, SERVICE/API-VERSION/service-2.json or .json.gz, that are not
  /// embedded; the newest version of each. `disk` must live as long. Before anything else is asked. Errors: those of
  /// Disk::list.
  Result<void> add_folder(Disk& disk, const std::string& path);
  /// Errors: unknown_service, with the nearest name as the hint; for a model in a folder also Disk's and malformed.
  Result<std::shared_ptr<const ServiceModel>> get(std::string_view service);
  /// The model and the operation. Errors: unknown_service.
  struct Found {
    std::shared_ptr<const ServiceModel> model;
    const Operation* operation;
  };
  Result<Found> get(std::string_view service, std::string_view operation);
  /// The services whose models were unpacked and parsed so far, sorted: only those that were asked for.
  std::vector<std::string> parsed() const;
  std::vector<std::string> services() const;  ///< names of all services that there are models of, sorted
  static std::string_view partitions_json();  ///< botocore's partitions.json
  const std::shared_ptr<Keys>& keys() const { return keys_; }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::shared_ptr<Keys> keys_;
};

}  // namespace reeve::aws
