# The AWS service models that the binary carries: packed by scripts/pack-models, embedded by .incbin.
# Sets REEVE_MODELS_SOURCE, a generated source for the room aws.
# What the kinds, checks and jobs need; any other service is read from a models folder (src/aws/models_folder.h).
set(REEVE_MODEL_SERVICES
  accessanalyzer acm apigateway apigatewayv2 application-autoscaling athena autoscaling backup batch budgets ce
  cloudcontrol cloudformation cloudfront cloudtrail cloudwatch codebuild config cur dlm docdb dynamodb ebs ec2 ecr ecs
  efs eks elasticache elasticbeanstalk elb elbv2 emr es events firehose fsx glue guardduty health iam inspector2 kafka
  kinesis kms lambda logs neptune opensearch organizations pricing ram rbin rds redshift resourcegroupstaggingapi
  route53 s3 s3control scheduler secretsmanager securityhub service-quotas ses sesv2 signin sns sqs ssm sso sso-admin
  sso-oidc stepfunctions sts support synthetics wafv2 workspaces xray)

set(data ${REEVE_DEPS}/botocore/botocore/data)
set(archive ${CMAKE_BINARY_DIR}/models/models.bin)
set(REEVE_MODELS_SOURCE ${CMAKE_BINARY_DIR}/models/models_data.cc)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/models)

find_program(PYTHON3 python3 REQUIRED)
add_custom_command(
  OUTPUT ${archive}
  COMMAND ${PYTHON3} ${CMAKE_SOURCE_DIR}/scripts/pack-models ${data} ${archive} ${REEVE_MODEL_SERVICES}
  DEPENDS ${CMAKE_SOURCE_DIR}/scripts/pack-models ${CMAKE_SOURCE_DIR}/cmake/models.cmake ${data}/partitions.json
  COMMENT "Packing AWS service models"
  VERBATIM)

file(CONFIGURE OUTPUT ${REEVE_MODELS_SOURCE} @ONLY CONTENT [[
// Made by cmake/models.cmake: the archive of models as bytes of this object.
asm(R"(
  .section .rodata
  .balign 64
  .globl reeve_models_begin
reeve_models_begin:
  .incbin "@archive@"
  .globl reeve_models_end
reeve_models_end:
  .byte 0
  .previous
  .section .note.GNU-stack,"",%progbits
)");
]])
set_source_files_properties(${REEVE_MODELS_SOURCE} PROPERTIES OBJECT_DEPENDS ${archive})
