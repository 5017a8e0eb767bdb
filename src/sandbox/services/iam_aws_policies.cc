#include <array>

#include "base/encoding.h"
#include "sandbox/services/iam.h"

/// AWS's own managed policies, as far as estates commonly use them [AWS managed policy reference guide]. What they
/// allow is cut down to whole services: the sandbox judges nobody by them.
namespace reeve::sandbox {
namespace {

struct Known {
  std::string_view path, name, actions;  ///< actions: JSON texts, by commas
};

constexpr std::array known_policies{
    Known{"/", "AdministratorAccess", R"("*")"},
    Known{"/", "PowerUserAccess", R"("ec2:*","s3:*","rds:*","lambda:*","dynamodb:*","sqs:*","sns:*","logs:*")"},
    Known{"/", "ReadOnlyAccess", R"("*:Describe*","*:Get*","*:List*")"},
    Known{"/", "SecurityAudit", R"("*:Describe*","*:Get*","*:List*")"},
    Known{"/", "IAMFullAccess", R"("iam:*")"},
    Known{"/", "IAMReadOnlyAccess", R"("iam:Get*","iam:List*")"},
    Known{"/", "IAMUserChangePassword", R"("iam:ChangePassword","iam:GetAccountPasswordPolicy")"},
    Known{"/", "AWSSupportAccess", R"("support:*")"},
    Known{"/", "AmazonEC2FullAccess", R"("ec2:*","elasticloadbalancing:*","cloudwatch:*","autoscaling:*")"},
    Known{"/", "AmazonEC2ReadOnlyAccess", R"("ec2:Describe*","ec2:Get*")"},
    Known{"/", "AmazonEC2ContainerRegistryReadOnly", R"("ecr:Get*","ecr:Describe*","ecr:List*","ecr:BatchGetImage")"},
    Known{"/", "AmazonECS_FullAccess", R"("ecs:*")"},
    Known{"/", "AmazonEKSClusterPolicy", R"("ec2:*","elasticloadbalancing:*","autoscaling:*")"},
    Known{"/", "AmazonEKSWorkerNodePolicy", R"("ec2:Describe*","eks:DescribeCluster")"},
    Known{"/", "AmazonEKS_CNI_Policy", R"("ec2:*")"},
    Known{"/", "AmazonS3FullAccess", R"("s3:*","s3-object-lambda:*")"},
    Known{"/", "AmazonS3ReadOnlyAccess", R"("s3:Get*","s3:List*","s3:Describe*")"},
    Known{"/", "AmazonRDSFullAccess", R"("rds:*")"},
    Known{"/", "AmazonDynamoDBFullAccess", R"("dynamodb:*")"},
    Known{"/", "AmazonDynamoDBReadOnlyAccess", R"("dynamodb:Get*","dynamodb:List*","dynamodb:Describe*")"},
    Known{"/", "AmazonSQSFullAccess", R"("sqs:*")"},
    Known{"/", "AmazonSNSFullAccess", R"("sns:*")"},
    Known{"/", "AmazonSSMManagedInstanceCore", R"("ssm:*","ssmmessages:*","ec2messages:*")"},
    Known{"/", "AmazonVPCFullAccess", R"("ec2:*")"},
    Known{"/", "AmazonRoute53FullAccess", R"("route53:*")"},
    Known{"/", "AWSLambda_FullAccess", R"("lambda:*")"},
    Known{"/", "AWSLambda_ReadOnlyAccess", R"("lambda:Get*","lambda:List*")"},
    Known{"/", "AWSCloudFormationFullAccess", R"("cloudformation:*")"},
    Known{"/", "CloudWatchFullAccess", R"("cloudwatch:*","logs:*","sns:*")"},
    Known{"/", "CloudWatchReadOnlyAccess", R"("cloudwatch:Get*","cloudwatch:List*","cloudwatch:Describe*")"},
    Known{"/", "CloudWatchLogsFullAccess", R"("logs:*")"},
    Known{"/", "CloudWatchAgentServerPolicy", R"("cloudwatch:PutMetricData","logs:*","ec2:Describe*")"},
    Known{"/", "AWSDenyAll", R"("*")"},
    Known{"/job-function/", "Billing", R"("aws-portal:*","billing:*","ce:*")"},
    Known{"/job-function/", "DatabaseAdministrator", R"("rds:*","dynamodb:*","redshift:*")"},
    Known{"/job-function/", "NetworkAdministrator", R"("ec2:*","route53:*","directconnect:*")"},
    Known{"/job-function/", "SystemAdministrator", R"("ec2:*","cloudwatch:*","config:*")"},
    Known{"/job-function/", "SupportUser", R"("support:*")"},
    Known{"/job-function/", "ViewOnlyAccess", R"("*:List*","*:Describe*")"},
    Known{"/service-role/", "AWSLambdaBasicExecutionRole",
          R"("logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents")"},
    Known{"/service-role/", "AWSLambdaVPCAccessExecutionRole", R"("logs:*","ec2:*NetworkInterface*")"},
    Known{"/service-role/", "AWSLambdaSQSQueueExecutionRole", R"("sqs:*","logs:*")"},
    Known{"/service-role/", "AmazonECSTaskExecutionRolePolicy",
          R"("ecr:*","logs:CreateLogStream","logs:PutLogEvents")"},
    Known{"/service-role/", "AmazonEC2ContainerServiceforEC2Role", R"("ecs:*","ecr:*","logs:*")"},
    Known{"/service-role/", "AmazonRDSEnhancedMonitoringRole", R"("logs:*")"},
    Known{"/service-role/", "AWSBackupServiceRolePolicyForBackup",
          R"("backup:*","ec2:CreateSnapshot","rds:CreateDBSnapshot")"},
    Known{"/service-role/", "AWSBackupServiceRolePolicyForRestores", R"("backup:*","ec2:CreateVolume")"},
    Known{"/service-role/", "AWSDataLifecycleManagerServiceRole", R"("ec2:*Snapshot*","ec2:*Tags")"},
    Known{"/service-role/", "AWS_ConfigRole", R"("config:*","*:Describe*","*:List*")"},
    Known{"/aws-service-role/", "AutoScalingServiceRolePolicy", R"("autoscaling:*","ec2:*")"},
};

/// An id that always is the same: "ANPA" and 17 letters out of the name.
std::string stable_id(std::string_view name) {
  std::string id = "ANPA";
  const auto digest = sha256(name);
  for (std::size_t i = 0; i < 17; ++i) id += capitals[digest[i] % capitals.size()];
  return id;
}

Table<ManagedPolicy> make() {
  Table<ManagedPolicy> out;
  const Time since = *parse_iso8601("2015-02-06T18:40:00Z");
  for (const Known& known : known_policies) {
    const std::string_view effect = known.name == "AWSDenyAll" ? "Deny" : "Allow";
    ManagedPolicy policy;
    policy.id = known.name;
    policy.unique_id = stable_id(known.name);
    policy.path = known.path;
    policy.created = policy.updated = since;
    policy.versions.push_back(
        {.id = "v1",
         .document =
             fmt::format(R"({{"Version":"2012-10-17","Statement":[{{"Effect":"{}","Action":[{}],"Resource":"*"}}]}})",
                         effect, known.actions),
         .created = since});
    out.add(std::move(policy));
  }
  return out;
}

}  // namespace

const Table<ManagedPolicy>& aws_policies() {
  static const Table<ManagedPolicy> policies = make();
  return policies;
}

}  // namespace reeve::sandbox
