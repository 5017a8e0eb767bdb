#pragma once
#include "aws/endpoint_parameters.h"
#include "aws/settings.h"
#include "base/seams.h"

namespace reeve::aws {

/// What environment and profile choose about S3's and STS's endpoints: AWS_S3_USE_ARN_REGION (s3_use_arn_region),
/// AWS_S3_DISABLE_MULTIREGION_ACCESS_POINTS, AWS_S3_US_EAST_1_REGIONAL_ENDPOINT, AWS_STS_REGIONAL_ENDPOINTS, and of the
/// profile's s3 section addressing_style, use_accelerate_endpoint, use_arn_region ("Settings reference", AWS SDKs and
/// Tools Reference Guide; botocore's S3 section). The environment wins. Regional endpoints unless somebody says legacy.
EndpointChoices endpoint_choices(const Settings& settings, Environment& environment);

}  // namespace reeve::aws
