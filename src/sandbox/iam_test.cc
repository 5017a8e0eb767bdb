#include <fmt/format.h>

#include <algorithm>

#include "sandbox/test_cloud.h"

/// IAM: what refuses, what is listed, and what keys and roles do.
namespace reeve::sandbox {
namespace {

constexpr std::string_view allow_all =
    R"({\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]})";
constexpr std::string_view trust_home =
    R"({\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"123456789012\"},\"Action\":\"sts:AssumeRole\"}]})";
constexpr std::string_view trust_nobody =
    R"({\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"ec2.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]})";

struct IamCloud : TestCloud {
  using TestCloud::TestCloud;
  Document iam(std::string_view operation, std::string_view params = "{}") { return ok(operation, params, "iam"); }
  std::string no(std::string_view operation, std::string_view params = "{}") {
    return refused(operation, params, "iam");
  }
  std::string why(std::string_view operation, std::string_view params) {
    const auto answer = call(operation, params, "iam");
    EXPECT_FALSE(answer);
    return answer ? "" : answer.error().message;
  }
  std::string of(std::string_view format_text, std::string_view policy) {
    std::string out(format_text);
    out.replace(out.find('@'), 1, policy);
    return out;
  }
};

TEST(IamUsers, DeletionIsRefusedUntilAllIsGoneInAwssOrder) {
  IamCloud cloud;
  cloud.iam("CreateUser", R"({"UserName": "ada"})");
  cloud.iam("CreateLoginProfile", R"({"UserName": "ada", "Password": "correct horse"})");
  const std::string key =
      cloud.iam("CreateAccessKey", R"({"UserName": "ada"})")["AccessKey"]["AccessKeyId"].as_string();
  const std::string pem = "-----BEGIN CERTIFICATE-----x-----END CERTIFICATE-----";
  const std::string certificate =
      cloud
          .iam("UploadSigningCertificate",
               fmt::format(R"({{"UserName": "ada", "CertificateBody": "{}"}})", pem))["Certificate"]["CertificateId"]
          .as_string();
  const std::string ssh =
      cloud
          .iam("UploadSSHPublicKey",
               R"({"UserName": "ada", "SSHPublicKeyBody": "ssh-rsa AAAA"})")["SSHPublicKey"]["SSHPublicKeyId"]
          .as_string();
  const std::string device =
      cloud.iam("CreateVirtualMFADevice", R"({"VirtualMFADeviceName": "phone"})")["VirtualMFADevice"]["SerialNumber"]
          .as_string();
  cloud.iam("EnableMFADevice",
            fmt::format(R"({{"UserName": "ada", "SerialNumber": "{}", "AuthenticationCode1": "123456",
      "AuthenticationCode2": "654321"}})",
                        device));
  cloud.iam("PutUserPolicy", cloud.of(R"({"UserName": "ada", "PolicyName": "p", "PolicyDocument": "@"})", allow_all));
  cloud.iam("AttachUserPolicy", R"({"UserName": "ada", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})");
  cloud.iam("CreateGroup", R"({"GroupName": "staff"})");
  cloud.iam("AddUserToGroup", R"({"UserName": "ada", "GroupName": "staff"})");

  const auto steps = std::to_array<std::array<std::string, 3>>({
      {"must delete login profile first.", "DeleteLoginProfile", R"({"UserName": "ada"})"},
      {"must delete access keys first.", "DeleteAccessKey",
       fmt::format(R"({{"UserName": "ada", "AccessKeyId": "{}"}})", key)},
      {"must delete certificates first.", "DeleteSigningCertificate",
       fmt::format(R"({{"UserName": "ada", "CertificateId": "{}"}})", certificate)},
      {"must remove referenced objects first.", "DeleteSSHPublicKey",
       fmt::format(R"({{"UserName": "ada", "SSHPublicKeyId": "{}"}})", ssh)},
      {"must delete MFA device first.", "DeactivateMFADevice",
       fmt::format(R"({{"UserName": "ada", "SerialNumber": "{}"}})", device)},
      {"must delete policies first.", "DeleteUserPolicy", R"({"UserName": "ada", "PolicyName": "p"})"},
      {"must detach all policies first.", "DetachUserPolicy",
       R"({"UserName": "ada", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"})"},
      {"must remove users from group first.", "RemoveUserFromGroup", R"({"UserName": "ada", "GroupName": "staff"})"},
  });
  for (const auto& [message, operation, params] : steps) {
    EXPECT_EQ(cloud.why("DeleteUser", R"({"UserName": "ada"})"), "Cannot delete entity, " + message);
    cloud.iam(operation, params);
  }
  cloud.iam("DeleteUser", R"({"UserName": "ada"})");
  EXPECT_EQ(cloud.no("GetUser", R"({"UserName": "ada"})"), "NoSuchEntity");
}

TEST(IamUsers, NamesAndLimits) {
  IamCloud cloud;
  cloud.iam("CreateUser", R"({"UserName": "ada", "Path": "/dev/"})");
  EXPECT_EQ(cloud.no("CreateUser", R"({"UserName": "ADA"})"), "EntityAlreadyExists") << "case is not distinguished";
  EXPECT_EQ(cloud.no("CreateUser", R"({"UserName": "a b"})"), "ValidationError");
  EXPECT_EQ(cloud.no("CreateUser", R"({"UserName": "bob", "Path": "dev"})"), "ValidationError");
  EXPECT_EQ(
      cloud.no("CreateUser", R"({"UserName": "bob", "Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]})"),
      "InvalidInput");
  cloud.iam("CreateAccessKey", R"({"UserName": "ada"})");
  cloud.iam("CreateAccessKey", R"({"UserName": "ada"})");
  EXPECT_EQ(cloud.no("CreateAccessKey", R"({"UserName": "ada"})"), "LimitExceeded");
  EXPECT_EQ(cloud.iam("ListUsers", R"({"PathPrefix": "/dev/"})")["Users"].size(), 1U);
  EXPECT_EQ(cloud.iam("ListUsers", R"({"PathPrefix": "/ops/"})")["Users"].size(), 0U);
  cloud.iam("UpdateUser", R"({"UserName": "ada", "NewUserName": "countess"})");
  EXPECT_EQ(cloud.iam("ListAccessKeys", R"({"UserName": "countess"})")["AccessKeyMetadata"].size(), 2U);
}

TEST(IamUsers, PagesAreTheWhole) {
  IamCloud cloud;
  for (int i = 0; i < 7; ++i) cloud.iam("CreateUser", fmt::format(R"({{"UserName": "user{}"}})", i));
  std::vector<std::string> names;
  std::string marker;
  int pages = 0;
  do {
    const Document page =
        cloud.iam("ListUsers",
                  marker.empty() ? R"({"MaxItems": 3})" : fmt::format(R"({{"MaxItems": 3, "Marker": "{}"}})", marker));
    for (const Value user : page["Users"].items()) names.push_back(user["UserName"].as_string());
    EXPECT_EQ(page["IsTruncated"].as_bool(), !page["Marker"].is_null());
    marker = page["Marker"].as_string();
    ++pages;
  } while (!marker.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(names, (std::vector<std::string>{"user0", "user1", "user2", "user3", "user4", "user5", "user6"}));
  EXPECT_EQ(cloud.no("ListUsers", R"({"Marker": "nonsense"})"), "ValidationError");
  EXPECT_EQ(cloud.no("ListUsers", R"({"MaxItems": 0})"), "ValidationError");
}

TEST(IamPolicies, DocumentsAreLookedAt) {
  IamCloud cloud;
  cloud.iam("CreateUser", R"({"UserName": "ada"})");
  for (const std::string_view document :
       {"no json", "[]", R"({\"Statement\":[{\"Effect\":\"Allow\"}]})",
        R"({\"Statement\":[{\"Effect\":\"Maybe\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]})",
        R"({\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"nothing\",\"Resource\":\"*\"}]})",
        R"({\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\"}]})",
        R"({\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"bucket\"}]})",
        R"({\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"s3:*\",\"Resource\":\"*\"}]})"}) {
    EXPECT_EQ(cloud.no("PutUserPolicy",
                       cloud.of(R"({"UserName": "ada", "PolicyName": "p", "PolicyDocument": "@"})", document)),
              "MalformedPolicyDocument")
        << document;
  }
  EXPECT_EQ(cloud.no("CreateRole", cloud.of(R"({"RoleName": "r", "AssumeRolePolicyDocument": "@"})", allow_all)),
            "MalformedPolicyDocument");
  cloud.iam("CreateRole", cloud.of(R"({"RoleName": "r", "AssumeRolePolicyDocument": "@"})", trust_home));
  const std::string big(3000, 'x');
  EXPECT_EQ(
      cloud.no(
          "PutUserPolicy",
          cloud.of(
              R"({"UserName": "ada", "PolicyName": "p", "PolicyDocument": "@"})",
              fmt::format(
                  R"({{\"Statement\":[{{\"Sid\":\"{}\",\"Effect\":\"Allow\",\"Action\":\"s3:*\",\"Resource\":\"*\"}}]}})",
                  big))),
      "LimitExceeded");
}

TEST(IamPolicies, VersionsAndAttachments) {
  IamCloud cloud;
  const std::string arn =
      cloud
          .iam("CreatePolicy", cloud.of(R"({"PolicyName": "mine", "PolicyDocument": "@"})", allow_all))["Policy"]["Arn"]
          .as_string();
  EXPECT_EQ(arn, "arn:aws:iam::123456789012:policy/mine");
  const std::string version = cloud.of(R"({"PolicyArn": "arn:aws:iam::123456789012:policy/mine", "SetAsDefault": true,
      "PolicyDocument": "@"})",
                                       allow_all);
  for (int i = 0; i < 4; ++i) cloud.iam("CreatePolicyVersion", version);
  EXPECT_EQ(cloud.no("CreatePolicyVersion", version), "LimitExceeded");
  EXPECT_EQ(cloud.no("DeletePolicyVersion", fmt::format(R"({{"PolicyArn": "{}", "VersionId": "v5"}})", arn)),
            "DeleteConflict")
      << "the default stays";
  cloud.iam("DeletePolicyVersion", fmt::format(R"({{"PolicyArn": "{}", "VersionId": "v1"}})", arn));
  cloud.iam("CreatePolicyVersion", version);
  const Document versions = cloud.iam("ListPolicyVersions", fmt::format(R"({{"PolicyArn": "{}"}})", arn));
  EXPECT_EQ(versions["Versions"][0]["VersionId"].as_text(), "v6") << "numbers are not used again";

  cloud.iam("CreateRole", cloud.of(R"({"RoleName": "r", "AssumeRolePolicyDocument": "@"})", trust_home));
  cloud.iam("AttachRolePolicy", fmt::format(R"({{"RoleName": "r", "PolicyArn": "{}"}})", arn));
  EXPECT_EQ(cloud.no("DeletePolicy", fmt::format(R"({{"PolicyArn": "{}"}})", arn)), "DeleteConflict");
  EXPECT_EQ(
      cloud.iam("GetPolicy", fmt::format(R"({{"PolicyArn": "{}"}})", arn))["Policy"]["AttachmentCount"].as_integer(),
      1);
  EXPECT_EQ(
      cloud.iam("ListEntitiesForPolicy", fmt::format(R"({{"PolicyArn": "{}"}})", arn))["PolicyRoles"][0]["RoleName"]
          .as_text(),
      "r");
  EXPECT_EQ(cloud.iam("ListPolicies", R"({"Scope": "Local"})")["Policies"].size(), 1U);
  EXPECT_EQ(cloud.iam("ListPolicies", R"({"OnlyAttached": true})")["Policies"].size(), 1U);
  EXPECT_GT(cloud.iam("ListPolicies", R"({"Scope": "AWS"})")["Policies"].size(), 40U);
  EXPECT_EQ(cloud.no("AttachRolePolicy", R"({"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/Nothing"})"),
            "NoSuchEntity");
  cloud.iam("DetachRolePolicy", fmt::format(R"({{"RoleName": "r", "PolicyArn": "{}"}})", arn));
  EXPECT_EQ(cloud.no("DetachRolePolicy", fmt::format(R"({{"RoleName": "r", "PolicyArn": "{}"}})", arn)),
            "NoSuchEntity");
}

TEST(IamRoles, ProfilesHoldOneRoleAndKeepIt) {
  IamCloud cloud;
  cloud.iam("CreateRole", cloud.of(R"({"RoleName": "r", "AssumeRolePolicyDocument": "@"})", trust_home));
  cloud.iam("CreateInstanceProfile", R"({"InstanceProfileName": "p"})");
  cloud.iam("AddRoleToInstanceProfile", R"({"InstanceProfileName": "p", "RoleName": "r"})");
  EXPECT_EQ(cloud.no("AddRoleToInstanceProfile", R"({"InstanceProfileName": "p", "RoleName": "r"})"), "LimitExceeded");
  EXPECT_EQ(cloud.no("DeleteInstanceProfile", R"({"InstanceProfileName": "p"})"), "DeleteConflict");
  EXPECT_EQ(cloud.no("DeleteRole", R"({"RoleName": "r"})"), "DeleteConflict");
  EXPECT_EQ(cloud.iam("ListInstanceProfilesForRole", R"({"RoleName": "r"})")["InstanceProfiles"].size(), 1U);
  cloud.iam("RemoveRoleFromInstanceProfile", R"({"InstanceProfileName": "p", "RoleName": "r"})");
  cloud.iam("DeleteRole", R"({"RoleName": "r"})");
}

TEST(IamRoles, ServicesOwnTheirRoles) {
  IamCloud cloud;
  const Document made = cloud.iam("CreateServiceLinkedRole", R"({"AWSServiceName": "autoscaling.amazonaws.com"})");
  EXPECT_EQ(made["Role"]["RoleName"].as_text(), "AWSServiceRoleForAutoScaling");
  EXPECT_EQ(cloud.no("DeleteRole", R"({"RoleName": "AWSServiceRoleForAutoScaling"})"), "UnmodifiableEntity");
  const Document task = cloud.iam("DeleteServiceLinkedRole", R"({"RoleName": "AWSServiceRoleForAutoScaling"})");
  const std::string id = task["DeletionTaskId"].as_string();
  EXPECT_EQ(cloud.iam("GetServiceLinkedRoleDeletionStatus", fmt::format(R"({{"DeletionTaskId": "{}"}})", id))["Status"]
                .as_text(),
            "SUCCEEDED");
}

// A role of the table must trust its caller; a role that nobody listed can be assumed as before.
TEST(IamRoles, KnownRolesMustTrust) {
  IamCloud cloud;
  cloud.iam(
      "CreateRole",
      cloud.of(R"({"RoleName": "open", "MaxSessionDuration": 7200, "AssumeRolePolicyDocument": "@"})", trust_home));
  cloud.iam("CreateRole", cloud.of(R"({"RoleName": "shut", "AssumeRolePolicyDocument": "@"})", trust_nobody));
  auto assume = [](std::string_view role, int seconds = 3600) {
    return fmt::format(
        R"({{"RoleArn": "arn:aws:iam::123456789012:role/{}", "RoleSessionName": "me", "DurationSeconds": {}}})", role,
        seconds);
  };
  const Document session = cloud.ok("AssumeRole", assume("open", 7200), "sts");
  EXPECT_EQ(cloud.refused("AssumeRole", assume("open", 7201), "sts"), "ValidationError");
  EXPECT_EQ(cloud.refused("AssumeRole", assume("shut"), "sts"), "AccessDenied");
  cloud.ok("AssumeRole", assume("nowhere"), "sts");
  const std::string role_id = cloud.iam("GetRole", R"({"RoleName": "open"})")["Role"]["RoleId"].as_string();
  EXPECT_EQ(session["AssumedRoleUser"]["AssumedRoleId"].as_text(), role_id + ":me");
}

TEST(IamAccount, CredentialReportIsACsvWithALineAUser) {
  IamCloud cloud;
  cloud.iam("CreateUser", R"({"UserName": "ada"})");
  cloud.iam("CreateAccessKey", R"({"UserName": "ada"})");
  EXPECT_EQ(cloud.no("GetCredentialReport"), "ReportNotPresent");
  EXPECT_EQ(cloud.iam("GenerateCredentialReport")["State"].as_text(), "STARTED");
  const std::string csv = cloud.iam("GetCredentialReport")["Content"].as_string();
  EXPECT_NE(csv.find("\nada,arn:aws:iam::123456789012:user/ada,2026-06-01T12:00:00+00:00,false,N/A"), std::string::npos)
      << csv;
  EXPECT_EQ(std::ranges::count(csv, '\n'), 3);
  const auto columns = std::ranges::count(csv.substr(0, csv.find('\n')), ',');
  for (std::size_t at = 0; at < csv.size(); at = csv.find('\n', at) + 1) {
    EXPECT_EQ(std::ranges::count(csv.substr(at, csv.find('\n', at) - at), ','), columns);
  }
  cloud.advance(std::chrono::hours(5));
  EXPECT_EQ(cloud.no("GetCredentialReport"), "ReportExpired");
}

TEST(IamAccount, PasswordPolicyRules) {
  IamCloud cloud;
  EXPECT_EQ(cloud.no("GetAccountPasswordPolicy"), "NoSuchEntity");
  cloud.iam("UpdateAccountPasswordPolicy",
            R"({"MinimumPasswordLength": 12, "RequireNumbers": true, "MaxPasswordAge": 90})");
  EXPECT_TRUE(cloud.iam("GetAccountPasswordPolicy")["PasswordPolicy"]["ExpirePasswords"].as_bool());
  cloud.iam("CreateUser", R"({"UserName": "ada"})");
  EXPECT_EQ(cloud.no("CreateLoginProfile", R"({"UserName": "ada", "Password": "short1"})"), "PasswordPolicyViolation");
  EXPECT_EQ(cloud.no("CreateLoginProfile", R"({"UserName": "ada", "Password": "long but no number"})"),
            "PasswordPolicyViolation");
  cloud.iam("CreateLoginProfile", R"({"UserName": "ada", "Password": "long with number 1"})");
}

// What an estate file says is what is saved and what is listed.
TEST(IamEstate, TablesGoInAndOut) {
  IamCloud cloud;
  cloud.load(R"({"users": [{"UserName": "ada", "Groups": ["staff"], "Tags": {"team": "x"},
        "AccessKeys": [{"AccessKeyId": "AKIAEXAMPLEEXAMPLE22", "Status": "Inactive", "LastUsed": {"LastUsedDate": "-100d",
          "ServiceName": "s3", "Region": "us-east-1"}}]}],
      "groups": [{"GroupName": "staff", "Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": []}}]}],
      "roles": [{"RoleName": "r", "RoleLastUsed": {"LastUsedDate": "-9d", "Region": "us-east-1"}}],
      "policies": [{"PolicyName": "mine", "Versions": [{"Document": {"Statement": []}}]}],
      "instance_profiles": [{"InstanceProfileName": "p", "Role": "r"}],
      "accounts": {"210987654321": {"users": [{"UserName": "eve"}]}}})");
  EXPECT_EQ(cloud.iam("GetGroup", R"({"GroupName": "staff"})")["Users"][0]["UserName"].as_text(), "ada");
  EXPECT_EQ(
      cloud
          .iam("GetAccessKeyLastUsed", R"({"AccessKeyId": "AKIAEXAMPLEEXAMPLE22"})")["AccessKeyLastUsed"]["ServiceName"]
          .as_text(),
      "s3");
  const Document before = cloud.iam("GetAccountAuthorizationDetails");
  EXPECT_EQ(before["RoleDetailList"][0]["InstanceProfileList"].size(), 1U);
  EXPECT_EQ(before["GroupDetailList"][0]["GroupPolicyList"][0]["PolicyDocument"].as_text(), R"({"Statement":[]})");
  IamCloud other;
  ASSERT_TRUE(other.sandbox.load_estate(cloud.sandbox.state()));
  EXPECT_EQ(to_json(other.iam("GetAccountAuthorizationDetails")), to_json(before));
  other.account = "210987654321";
  EXPECT_EQ(other.iam("ListUsers")["Users"][0]["UserName"].as_text(), "eve");
}

}  // namespace
}  // namespace reeve::sandbox
