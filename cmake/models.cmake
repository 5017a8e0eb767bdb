# The AWS service models that the binary carries: packed by scripts/pack-models, embedded by .incbin.
# Sets REEVE_MODELS_SOURCE, a generated source for the room aws.
set(REEVE_MODEL_SERVICES
  ec2 sts iam rbin autoscaling ebs s3 sqs sns cloudwatch logs lambda events scheduler ses sesv2
  resourcegroupstaggingapi cloudtrail kms ssm sso sso-oidc signin)

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
