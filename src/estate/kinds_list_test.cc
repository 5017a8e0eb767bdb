// Every kind is listed, read again by id and asked for its tags, from answers as AWS writes them.
#include <gmock/gmock.h>

#include "estate/reader.h"
#include "estate/testing/scripted_api.h"

namespace reeve::estate {
namespace {

using testing::ScriptedApi;

struct Answer {
  const char* operation;
  const char* json;
};

/// One record of a kind; where it has tags, one of them is Owner = me.
struct Case {
  const char* kind;
  std::vector<Answer> answers;
  const char* id;
  const char* arn;
  const char* date = "";
};

constexpr const char* account = "123456789012";
#define TAGS R"([{"Key": "Owner", "Value": "me"}])"
#define EC2_CASE(kind, operation, list, id_member, id, arn_part, more)                                               \
  Case {                                                                                                             \
    kind, {{"ec2." operation, "{\"" list "\": [{\"" id_member "\": \"" id "\"" more ", \"Tags\": " TAGS "}]}"}}, id, \
        "arn:aws:ec2:us-east-1:123456789012:" arn_part "/" id                                                        \
  }
#define UNIVERSAL(arn)                      \
  {"resourcegroupstaggingapi.GetResources", \
   R"({"ResourceTagMappingList": [{"ResourceARN": ")" arn R"(", "Tags": )" TAGS "}]}"}

std::vector<Case> cases() {
  std::vector<Case> out{
      {"ec2",
       {{"ec2.DescribeInstances",
         R"({"Reservations": [{"ReservationId": "r-1", "Instances": [{"InstanceId": "i-1", "LaunchTime":
             "2026-01-02T00:00:00Z", "Tags": )" TAGS "}]}]}"}},
       "i-1",
       "arn:aws:ec2:us-east-1:123456789012:instance/i-1",
       "2026-01-02T00:00:00Z"},
      EC2_CASE("ebs", "DescribeVolumes", "Volumes", "VolumeId", "vol-1", "volume", ""),
      EC2_CASE("vpc", "DescribeVpcs", "Vpcs", "VpcId", "vpc-1", "vpc", ""),
      EC2_CASE("vpc-endpoint", "DescribeVpcEndpoints", "VpcEndpoints", "VpcEndpointId", "vpce-1", "vpc-endpoint", ""),
      EC2_CASE("nat-gateway", "DescribeNatGateways", "NatGateways", "NatGatewayId", "nat-1", "natgateway", ""),
      EC2_CASE("security-group", "DescribeSecurityGroups", "SecurityGroups", "GroupId", "sg-1", "security-group", ""),
      EC2_CASE("subnet", "DescribeSubnets", "Subnets", "SubnetId", "subnet-1", "subnet", ""),
      EC2_CASE("route-table", "DescribeRouteTables", "RouteTables", "RouteTableId", "rtb-1", "route-table", ""),
      EC2_CASE("internet-gateway", "DescribeInternetGateways", "InternetGateways", "InternetGatewayId", "igw-1",
               "internet-gateway", ""),
      EC2_CASE("network-acl", "DescribeNetworkAcls", "NetworkAcls", "NetworkAclId", "acl-1", "network-acl", ""),
      EC2_CASE("dhcp-options", "DescribeDhcpOptions", "DhcpOptions", "DhcpOptionsId", "dopt-1", "dhcp-options", ""),
      EC2_CASE("flow-log", "DescribeFlowLogs", "FlowLogs", "FlowLogId", "fl-1", "vpc-flow-log", ""),
      EC2_CASE("peering-connection", "DescribeVpcPeeringConnections", "VpcPeeringConnections", "VpcPeeringConnectionId",
               "pcx-1", "vpc-peering-connection", ""),
      EC2_CASE("key-pair", "DescribeKeyPairs", "KeyPairs", "KeyPairId", "key-1", "key-pair", ""),
      EC2_CASE("launch-template", "DescribeLaunchTemplates", "LaunchTemplates", "LaunchTemplateId", "lt-1",
               "launch-template", ""),
      {"elastic-ip",
       {{"ec2.DescribeAddresses", R"({"Addresses": [{"PublicIp": "198.51.100.7"}, {"AllocationId": "eipalloc-1",
           "PublicIp": "198.51.100.8", "Tags": )" TAGS "}]}"}},
       "eipalloc-1",
       "arn:aws:ec2:us-east-1:123456789012:elastic-ip/eipalloc-1"},
      {"eni",
       {{"ec2.DescribeNetworkInterfaces",
         R"({"NetworkInterfaces": [{"NetworkInterfaceId": "eni-1", "TagSet": )" TAGS "}]}"}},
       "eni-1",
       "arn:aws:ec2:us-east-1:123456789012:network-interface/eni-1"},
      {"ebs-snapshot",
       {{"ec2.DescribeSnapshots", R"({"Snapshots": [{"SnapshotId": "snap-1", "Tags": )" TAGS "}]}"}},
       "snap-1",
       "arn:aws:ec2:us-east-1::snapshot/snap-1"},
      {"ami",
       {{"ec2.DescribeImages", R"({"Images": [{"ImageId": "ami-1", "CreationDate": "2026-01-02T00:00:00.000Z",
           "Tags": )" TAGS "}]}"}},
       "ami-1",
       "arn:aws:ec2:us-east-1::image/ami-1",
       "2026-01-02T00:00:00Z"},
      {"launch-template-version",
       {{"ec2.DescribeLaunchTemplates", R"({"LaunchTemplates": [{"LaunchTemplateId": "lt-1"}]})"},
        {"ec2.DescribeLaunchTemplateVersions",
         R"({"LaunchTemplateVersions": [{"LaunchTemplateId": "lt-1", "VersionNumber": 2}]})"}},
       "lt-1:2",
       "arn:aws:ec2:us-east-1:123456789012:launch-template/lt-1"},
      {"s3",
       {{"s3.ListBuckets", R"({"Buckets": [{"Name": "logs"}]})"}, {"s3.GetBucketTagging", R"({"TagSet": )" TAGS "}"}},
       "logs",
       "arn:aws:s3:::logs"},
      {"asg",
       {{"autoscaling.DescribeAutoScalingGroups", R"({"AutoScalingGroups": [{"AutoScalingGroupName": "web",
           "AutoScalingGroupARN": "arn:asg", "CreatedTime": "2026-01-02T00:00:00Z", "Tags": )" TAGS "}]}"}},
       "web",
       "arn:asg",
       "2026-01-02T00:00:00Z"},
      {"launch-config",
       {{"autoscaling.DescribeLaunchConfigurations", R"({"LaunchConfigurations": [{"LaunchConfigurationName": "lc",
           "LaunchConfigurationARN": "arn:lc"}]})"}},
       "lc",
       "arn:lc"},
      {"sqs",
       {{"sqs.ListQueues", R"({"QueueUrls": ["https://sqs.us-east-1.amazonaws.com/123456789012/jobs"]})"},
        {"sqs.GetQueueAttributes", R"({"Attributes": {"CreatedTimestamp": "1767312000", "DelaySeconds": "0"}})"},
        UNIVERSAL("arn:aws:sqs:us-east-1:123456789012:jobs")},
       "https://sqs.us-east-1.amazonaws.com/123456789012/jobs",
       "arn:aws:sqs:us-east-1:123456789012:jobs",
       "2026-01-02T00:00:00Z"},
      {"sns",
       {{"sns.ListTopics", R"({"Topics": [{"TopicArn": "arn:aws:sns:us-east-1:123456789012:news"}]})"},
        {"sns.GetTopicAttributes", R"({"Attributes": {"DisplayName": "News"}})"},
        UNIVERSAL("arn:aws:sns:us-east-1:123456789012:news")},
       "arn:aws:sns:us-east-1:123456789012:news",
       "arn:aws:sns:us-east-1:123456789012:news"},
      {"alarm",
       {{"cloudwatch.DescribeAlarms", R"({"MetricAlarms": [{"AlarmName": "cpu", "AlarmArn": "arn:cpu"}]})"},
        UNIVERSAL("arn:cpu")},
       "cpu",
       "arn:cpu"},
      {"lambda",
       {{"lambda.ListFunctions", R"({"Functions": [{"FunctionName": "f", "FunctionArn": "arn:f",
           "LastModified": "2026-01-02T00:00:00.000+0000"}]})"},
        {"lambda.GetFunction", R"({"Configuration": {"FunctionName": "f", "FunctionArn": "arn:f"}})"},
        UNIVERSAL("arn:f")},
       "f",
       "arn:f",
       "2026-01-02T00:00:00Z"},
      {"log-group",
       {{"logs.DescribeLogGroups",
         R"({"logGroups": [{"logGroupName": "g", "arn": "arn:g:*", "creationTime": 1767312000000}]})"},
        UNIVERSAL("arn:g")},
       "g",
       "arn:g",
       "2026-01-02T00:00:00Z"},
      {"rds",
       {{"rds.DescribeDBInstances", R"({"DBInstances": [{"DBInstanceIdentifier": "db", "DBInstanceArn": "arn:db",
           "InstanceCreateTime": "2026-01-02T00:00:00Z", "TagList": )" TAGS "}]}"}},
       "db",
       "arn:db",
       "2026-01-02T00:00:00Z"},
      {"rds-snapshot",
       {{"rds.DescribeDBSnapshots",
         R"({"DBSnapshots": [{"DBSnapshotIdentifier": "s", "DBSnapshotArn": "arn:s", "TagList": )" TAGS "}]}"}},
       "s",
       "arn:aws:rds:us-east-1:123456789012:snapshot:s"},
      {"rds-cluster",
       {{"rds.DescribeDBClusters",
         R"({"DBClusters": [{"DBClusterIdentifier": "c", "DBClusterArn": "arn:c", "TagList": )" TAGS "}]}"}},
       "c",
       "arn:c"},
      {"rds-subnet-group",
       {{"rds.DescribeDBSubnetGroups",
         R"({"DBSubnetGroups": [{"DBSubnetGroupName": "n", "DBSubnetGroupArn": "arn:n"}]})"},
        UNIVERSAL("arn:n")},
       "n",
       "arn:n"},
      {"elb",
       {{"elb.DescribeLoadBalancers", R"({"LoadBalancerDescriptions": [{"LoadBalancerName": "old"}]})"},
        UNIVERSAL("arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/old")},
       "old",
       "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/old"},
      {"app-elb",
       {{"elbv2.DescribeLoadBalancers", R"({"LoadBalancers": [{"LoadBalancerArn": "arn:lb"}]})"},
        {"elbv2.DescribeTags", R"({"TagDescriptions": [{"ResourceArn": "arn:lb", "Tags": )" TAGS "}]}"}},
       "arn:lb",
       "arn:lb"},
      {"app-elb-target-group",
       {{"elbv2.DescribeTargetGroups", R"({"TargetGroups": [{"TargetGroupArn": "arn:tg"}]})"},
        {"elbv2.DescribeTags", R"({"TagDescriptions": [{"ResourceArn": "arn:tg", "Tags": )" TAGS "}]}"}},
       "arn:tg",
       "arn:tg"},
      {"kms-key",
       {{"kms.ListKeys", R"({"Keys": [{"KeyId": "k", "KeyArn": "arn:k"}]})"},
        {"kms.DescribeKey", R"({"KeyMetadata": {"KeyId": "k", "Enabled": true}})"},
        {"kms.ListResourceTags", R"({"Tags": [{"TagKey": "Owner", "TagValue": "me"}]})"}},
       "k",
       "arn:k"},
      {"kms",
       {{"kms.ListAliases", R"({"Aliases": [{"AliasName": "alias/a", "AliasArn": "arn:a"}]})"}},
       "alias/a",
       "arn:a"},
      {"dynamodb-table",
       {{"dynamodb.ListTables", R"({"TableNames": ["t"]})"},
        {"dynamodb.DescribeTable", R"({"Table": {"TableName": "t", "CreationDateTime": "2026-01-02T00:00:00Z"}})"},
        UNIVERSAL("arn:aws:dynamodb:us-east-1:123456789012:table/t")},
       "t",
       "arn:aws:dynamodb:us-east-1:123456789012:table/t",
       "2026-01-02T00:00:00Z"},
      {"kinesis",
       {{"kinesis.ListStreams", R"({"StreamNames": ["s"], "HasMoreStreams": false})"},
        {"kinesis.DescribeStream", R"({"StreamDescription": {"StreamName": "s", "StreamStatus": "ACTIVE"}})"},
        {"kinesis.DescribeStreamSummary", R"({"StreamDescriptionSummary": {"StreamName": "s"}})"},
        UNIVERSAL("arn:aws:kinesis:us-east-1:123456789012:stream/s")},
       "s",
       "arn:aws:kinesis:us-east-1:123456789012:stream/s"},
      {"ecr",
       {{"ecr.DescribeRepositories", R"({"repositories": [{"repositoryName": "app", "repositoryArn": "arn:app"}]})"},
        UNIVERSAL("arn:app")},
       "app",
       "arn:app"},
      {"efs",
       {{"efs.DescribeFileSystems",
         R"({"FileSystems": [{"FileSystemId": "fs-1", "FileSystemArn": "arn:fs", "Tags": )" TAGS "}]}"}},
       "fs-1",
       "arn:fs"},
      {"cache-cluster",
       {{"elasticache.DescribeCacheClusters", R"({"CacheClusters": [{"CacheClusterId": "c", "ARN": "arn:c"}]})"},
        UNIVERSAL("arn:c")},
       "c",
       "arn:c"},
      {"step-machine",
       {{"stepfunctions.ListStateMachines", R"({"stateMachines": [{"stateMachineArn": "arn:m", "name": "m"}]})"},
        {"stepfunctions.DescribeStateMachine", R"({"status": "ACTIVE"})"},
        UNIVERSAL("arn:m")},
       "arn:m",
       "arn:m"},
  };
  struct Iam {
    const char *kind, *list, *member, *get, *get_member, *id_member, *id;
  };
  for (const auto& iam : {Iam{"iam-user", "ListUsers", "Users", "GetUser", "User", "UserName", "ann"},
                          Iam{"iam-role", "ListRoles", "Roles", "GetRole", "Role", "RoleName", "r"},
                          Iam{"iam-group", "ListGroups", "Groups", "GetGroup", "Group", "GroupName", "g"},
                          Iam{"iam-policy", "ListPolicies", "Policies", "GetPolicy", "Policy", "Arn", "arn:x"},
                          Iam{"iam-profile", "ListInstanceProfiles", "InstanceProfiles", "GetInstanceProfile",
                              "InstanceProfile", "InstanceProfileName", "p"}}) {
    static std::vector<std::unique_ptr<std::string>> texts;
    const auto text = [](std::string t) {
      return texts.emplace_back(std::make_unique<std::string>(std::move(t)))->c_str();
    };
    const bool by_arn = std::string_view(iam.id_member) == "Arn";
    const std::string record =
        std::string("{") + (by_arn ? "" : R"("Arn": "arn:x", )") + "\"" + iam.id_member + "\": \"" + iam.id + "\"";
    out.push_back(
        {iam.kind,
         {{text(std::string("iam.") + iam.list), text(std::string("{\"") + iam.member + "\": [" + record + "}]}")},
          {text(std::string("iam.") + iam.get),
           text(std::string("{\"") + iam.get_member + "\": " + record + ", \"Tags\": " TAGS "}}")}},
         iam.id,
         "arn:x"});
  }
  return out;
}

class KindLists : public ::testing::TestWithParam<Case> {};

TEST_P(KindLists, ListsReadsAgainAndTags) {
  const Case& c = GetParam();
  const auto kinds = Kinds::embedded().value();
  const Kind* kind = kinds->find(c.kind);
  ASSERT_NE(kind, nullptr);
  testing::StillClock clock{Time{}};
  Loop loop{clock};
  aws::Models models;
  ScriptedApi api;
  for (const auto& answer : c.answers) api.on(answer.operation, std::string(answer.json));
  Reader reader(api, models, *kinds, loop, {.account = account, .region = "us-east-1"}, Reader::Options{});

  const auto listing = loop.run(reader.all(*kind));
  ASSERT_TRUE(listing) << listing.error().text();
  ASSERT_EQ((*listing)->records.size(), 1U);
  const auto again = loop.run(reader.by_ids(*kind, {c.id}));
  ASSERT_TRUE(again) << again.error().text();
  ASSERT_EQ(again->size(), 1U);
  EXPECT_EQ(again->front().id(), c.id);
  const auto gone = loop.run(reader.by_ids(*kind, {"nothing"}));
  ASSERT_TRUE(gone) << gone.error().text();
  EXPECT_TRUE(gone->empty());

  RecordView view((*listing)->records.front());
  EXPECT_EQ(view.id(), c.id);
  EXPECT_EQ(view.record().arn(), c.arn);
  for (const auto& name : kind->columns_of(kind->date)) loop.run(reader.fetch_column(*kind->column(name), {&view}));
  if (*c.date != '\0') {
    ASSERT_TRUE(view.record().date());
    EXPECT_EQ(format_iso8601(*view.record().date()), c.date);
  }
  if (kind->tag_style == TagStyle::none) return;
  for (const auto& name : kind->columns_of("tag:Owner")) loop.run(reader.fetch_column(*kind->column(name), {&view}));
  ASSERT_TRUE(view.record().tag("Owner")) << to_json(view.record().tags());
  EXPECT_EQ(view.record().tag("Owner")->as_text(), "me");
}

// A tag call that fails makes tags unknown, never absent: who reads "untagged" may delete.
TEST_P(KindLists, TagsThatCannotBeReadAreUnknown) {
  const Case& c = GetParam();
  const auto kinds = Kinds::embedded().value();
  const Kind* kind = kinds->find(c.kind);
  ASSERT_NE(kind, nullptr);
  const Column* column = kind->tags_column();
  if (column == nullptr) return;
  for (const bool denied : {true, false}) {
    testing::StillClock clock{Time{}};
    Loop loop{clock};
    aws::Models models;
    ScriptedApi api;
    for (const auto& answer : c.answers) api.on(answer.operation, std::string(answer.json));
    if (denied) {
      api.fails(column->service + "." + column->operation, Code::access_denied, "not for you");
    } else {
      api.fails(column->service + "." + column->operation, Code::unsupported, "what?");
    }
    Reader reader(api, models, *kinds, loop, {.account = account, .region = "us-east-1"}, Reader::Options{});
    const auto listing = loop.run(reader.all(*kind));
    ASSERT_TRUE(listing) << listing.error().text();
    RecordView view((*listing)->records.front());
    loop.run(reader.fetch_column(*column, {&view}));
    EXPECT_TRUE(view.record().tags().is_unknown());
    ASSERT_TRUE(view.record().tag("Owner"));
    EXPECT_TRUE(view.record().tag("Owner")->is_unknown());
  }
}

INSTANTIATE_TEST_SUITE_P(Shipped, KindLists, ::testing::ValuesIn(cases()), [](const auto& test) {
  std::string name = test.param.kind;
  std::ranges::replace(name, '-', '_');
  return name;
});

TEST(KindListCases, AreThereForEveryKind) {
  std::vector<std::string> names;
  for (const auto& c : cases()) names.emplace_back(c.kind);
  EXPECT_THAT(names, ::testing::UnorderedElementsAreArray(Kinds::embedded().value()->names()));
}

}  // namespace
}  // namespace reeve::estate
