#include "base/encoding.h"
#include "sandbox/services/iam.h"

/// What else IAM users prove themselves with: signing certificates, SSH keys, and credentials of single services.
namespace reeve::sandbox {
namespace {

std::expected<std::string, Fault> read_status(const Call& c) {
  std::string status = c["Status"].as_string();
  if (status == "Active" || status == "Inactive") return status;
  return fault(
      "ValidationError",
      "Value at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]");
}

/// One of a user's things by its id. Faults: NoSuchEntity.
template <class T>
std::expected<T*, Fault> one(std::vector<T>& all, std::string_view id, std::string_view what) {
  const auto found = std::ranges::find(all, id, &T::id);
  if (found == all.end()) return no_entity(fmt::format("The {} with id {} cannot be found.", what, id));
  return &*found;
}
template <class T>
void erase(std::vector<T>& all, const T* one) {
  all.erase(all.begin() + (one - all.data()));
}

/// Pointers to all, in the order of ids.
template <class T>
std::vector<const T*> by_id(const std::vector<T>& all) {
  std::vector<const T*> out;
  for (const T& item : all) out.push_back(&item);
  std::ranges::sort(out, {}, &T::id);
  return out;
}

// --- Signing certificates
// ----------------------------------------------------------------------------------------------

void write(Call& c, const IamUser& user, const SigningCertificate& certificate) {
  c.out.put("UserName", user.id);
  c.out.put("CertificateId", certificate.id);
  c.out.put("CertificateBody", certificate.body);
  c.out.put("Status", certificate.status);
  c.out.put("UploadDate", certificate.uploaded);
}

Outcome upload_certificate(Call& c) {
  constexpr std::size_t most = 2;
  TRY(IamUser * user, own<OfUser>(c));
  const std::string body = c["CertificateBody"].as_string();
  if (!body.contains("-----BEGIN CERTIFICATE-----") || !body.contains("-----END CERTIFICATE-----")) {
    return fault("MalformedCertificate",
                 "Unable to parse certificate. Please ensure the certificate is in PEM format.");
  }
  if (user->certificates.size() >= most) return over_quota("CertificatesPerUser", most);
  if (std::ranges::count(user->certificates, body, &SigningCertificate::body) > 0) {
    return fault("DuplicateCertificate", "The certificate is there already.", 409);
  }
  c.changing(iam(c).users, user->id);
  user->certificates.push_back({.id = random_text(c.store, "", 32, capitals), .body = body, .uploaded = c.now});
  c.out.begin_map("Certificate");
  write(c, *user, user->certificates.back());
  c.out.end();
  return {};
}

Outcome list_certificates(Call& c) {
  TRY(const IamUser* user, seen<OfUser>(c));
  return write_page(
      c, "Certificates", by_id(user->certificates), [](const auto* item) { return item->id; },
      [&](const auto* item) { c.out.begin_map(), write(c, *user, *item), c.out.end(); });
}

Outcome update_certificate(Call& c) {
  TRY(IamUser * user, to_change<OfUser>(c));
  TRY(auto* certificate, one(user->certificates, c["CertificateId"].as_text(), "Certificate"));
  TRY(certificate->status, read_status(c));
  return {};
}

Outcome delete_certificate(Call& c) {
  TRY(IamUser * user, to_change<OfUser>(c));
  TRY(const auto* certificate, one(user->certificates, c["CertificateId"].as_text(), "Certificate"));
  erase(user->certificates, certificate);
  return {};
}

// --- SSH keys --------------------------------------------------------------------------------------------------------

void write(Call& c, const IamUser& user, const SshKey& key, bool whole) {
  c.out.put("UserName", user.id);
  c.out.put("SSHPublicKeyId", key.id);
  c.out.put("Status", key.status);
  c.out.put("UploadDate", key.uploaded);
  if (!whole) return;
  c.out.put("Fingerprint", key.fingerprint);
  c.out.put("SSHPublicKeyBody", key.body);
}

Outcome upload_ssh(Call& c) {
  constexpr std::size_t most = 5;
  TRY(IamUser * user, own<OfUser>(c));
  const std::string body = c["SSHPublicKeyBody"].as_string();
  if (!body.starts_with("ssh-rsa ") && !body.starts_with("-----BEGIN ")) {
    return fault("UnrecognizedPublicKeyEncoding", "The public key must be encoded in ssh-rsa format or PEM format.");
  }
  if (std::ranges::count(user->ssh_keys, body, &SshKey::body) > 0) {
    return fault("DuplicateSSHPublicKey", "The public key is there already.");
  }
  if (user->ssh_keys.size() >= most) return over_quota("SSHPublicKeysPerUser", most);
  c.changing(iam(c).users, user->id);
  const std::string digest = sha256_hex(body);
  std::string fingerprint;
  for (std::size_t i = 0; i < 32; i += 2) fingerprint += (i ? ":" : "") + digest.substr(i, 2);
  user->ssh_keys.push_back(
      {.id = random_text(c.store, "APKA", 20, capitals), .body = body, .fingerprint = fingerprint, .uploaded = c.now});
  c.out.begin_map("SSHPublicKey");
  write(c, *user, user->ssh_keys.back(), true);
  c.out.end();
  return {};
}

Outcome get_ssh(Call& c) {
  TRY(IamUser * user, own<OfUser>(c));
  TRY(const auto* key, one(user->ssh_keys, c["SSHPublicKeyId"].as_text(), "Public Key"));
  c.out.begin_map("SSHPublicKey");
  write(c, *user, *key, true);
  c.out.end();
  return {};
}

Outcome list_ssh(Call& c) {
  TRY(const IamUser* user, seen<OfUser>(c));
  return write_page(
      c, "SSHPublicKeys", by_id(user->ssh_keys), [](const auto* item) { return item->id; },
      [&](const auto* item) { c.out.begin_map(), write(c, *user, *item, false), c.out.end(); });
}

Outcome update_ssh(Call& c) {
  TRY(IamUser * user, to_change<OfUser>(c));
  TRY(auto* key, one(user->ssh_keys, c["SSHPublicKeyId"].as_text(), "Public Key"));
  TRY(key->status, read_status(c));
  return {};
}

Outcome delete_ssh(Call& c) {
  TRY(IamUser * user, to_change<OfUser>(c));
  TRY(const auto* key, one(user->ssh_keys, c["SSHPublicKeyId"].as_text(), "Public Key"));
  erase(user->ssh_keys, key);
  return {};
}

// --- Credentials of single services ----------------------------------------------------------------------------------

void write(Call& c, const IamUser& user, const ServiceCredential& credential) {
  c.out.put("UserName", user.id);
  c.out.put("Status", credential.status);
  c.out.put("ServiceUserName", credential.user_name);
  c.out.put("CreateDate", credential.created);
  c.out.put("ServiceSpecificCredentialId", credential.id);
  c.out.put("ServiceName", credential.service);
}

/// The whole credential with a password, which is told only now.
void write_with_password(Call& c, const IamUser& user, const ServiceCredential& credential) {
  c.out.begin_map("ServiceSpecificCredential");
  write(c, user, credential);
  c.out.put("ServicePassword", random_text(c.store, "", 44, any_letters));
  c.out.end();
}

Outcome create_service(Call& c) {
  constexpr std::size_t most = 2;
  TRY(IamUser * user, own<OfUser>(c));
  const std::string service = c["ServiceName"].as_string();
  if (service != "codecommit.amazonaws.com" && service != "cassandra.amazonaws.com" &&
      service != "bedrock.amazonaws.com") {
    return fault("NotSupportedService",
                 fmt::format("No such service {} is supported for Service Specific Credentials", service), 404);
  }
  if (std::cmp_greater_equal(std::ranges::count(user->service_credentials, service, &ServiceCredential::service),
                             most)) {
    return over_quota("ServiceSpecificCredentialsPerUser", most);
  }
  c.changing(iam(c).users, user->id);
  const auto number = user->service_credentials.size();
  user->service_credentials.push_back(
      {.id = random_text(c.store, "ACCA", 20, capitals),
       .service = service,
       .user_name = fmt::format("{}{}-at-{}", user->id, number ? fmt::format("+{}", number) : "", c.account.id),
       .created = c.now});
  write_with_password(c, *user, user->service_credentials.back());
  return {};
}

Outcome list_service(Call& c) {
  TRY(const IamUser* user, seen<OfUser>(c));
  const std::string_view wanted = c["ServiceName"].as_text();
  c.out.begin_list("ServiceSpecificCredentials");
  for (const ServiceCredential& credential : user->service_credentials) {
    if (!wanted.empty() && credential.service != wanted) continue;
    c.out.begin_map(), write(c, *user, credential), c.out.end();
  }
  c.out.end();
  return {};
}

std::expected<ServiceCredential*, Fault> credential_of(Call& c, IamUser& user) {
  return one(user.service_credentials, c["ServiceSpecificCredentialId"].as_text(), "Service Specific Credential");
}

Outcome update_service(Call& c) {
  TRY(IamUser * user, to_change<OfUser>(c));
  TRY(auto* credential, credential_of(c, *user));
  TRY(credential->status, read_status(c));
  return {};
}

Outcome reset_service(Call& c) {
  TRY(IamUser * user, own<OfUser>(c));
  TRY(const auto* credential, credential_of(c, *user));
  write_with_password(c, *user, *credential);
  return {};
}

Outcome delete_service(Call& c) {
  TRY(IamUser * user, to_change<OfUser>(c));
  TRY(const auto* credential, credential_of(c, *user));
  erase(user->service_credentials, credential);
  return {};
}

}  // namespace

void register_iam_credentials(Registry& r) {
  r.add("iam", "UploadSigningCertificate", upload_certificate);
  r.add("iam", "ListSigningCertificates", list_certificates);
  r.add("iam", "UpdateSigningCertificate", update_certificate);
  r.add("iam", "DeleteSigningCertificate", delete_certificate);
  r.add("iam", "UploadSSHPublicKey", upload_ssh);
  r.add("iam", "GetSSHPublicKey", get_ssh);
  r.add("iam", "ListSSHPublicKeys", list_ssh);
  r.add("iam", "UpdateSSHPublicKey", update_ssh);
  r.add("iam", "DeleteSSHPublicKey", delete_ssh);
  r.add("iam", "CreateServiceSpecificCredential", create_service);
  r.add("iam", "ListServiceSpecificCredentials", list_service);
  r.add("iam", "UpdateServiceSpecificCredential", update_service);
  r.add("iam", "ResetServiceSpecificCredential", reset_service);
  r.add("iam", "DeleteServiceSpecificCredential", delete_service);
}

}  // namespace reeve::sandbox
