#pragma once
#include "aws/model.h"
#include "base/document.h"

namespace reeve::aws {

/// Which way a document goes: on to the wire, or off it.
enum class Direction { encode, decode };

/// What the models cannot say about the content of members, by service and operation. People and documents hold the
/// plain content, the wire the encoded one:
///
///   base64  user data of ec2.RunInstances, ec2.RequestSpotInstances, autoscaling.CreateLaunchConfiguration, and the
///           output of ec2.GetConsoleOutput (AWS docs: "Run commands when you launch an EC2 instance",
///           API reference of each). Launch templates' user data is base64 in the API itself and stays as it is.
///   url     policy documents in answers of IAM are percent-encoded (RFC 3986; IAM API reference: "GetRole").
///   url     keys, prefixes, markers and delimiters in S3's listings, where the answer's EncodingType says so: XML cannot
///           carry every character that a key may have. Clients ask for it unless params say otherwise (S3 API reference:
///           "ListObjectsV2"); a space is '+' there.
///
/// Both halves of a codec use this table, so that the server half is the inverse of the client half.
/// A null document means: nothing to change. Texts that do not decode stay as they are.
Document customize_request(const ServiceModel& model, const Operation& operation, Value params, Direction direction);
Document customize_response(const ServiceModel& model, const Operation& operation, Value result, Direction direction);

}  // namespace reeve::aws
