#include "base/encoding.h"
#include "sandbox/services/iam.h"

/// MFA devices, virtual ones and those that users bring.
namespace reeve::sandbox {
namespace {

std::unexpected<Fault> no_device(std::string_view serial) {
  return no_entity(fmt::format("VirtualMFADevice with serial number {} doesn't exist.", serial));
}

Outcome create(Call& c) {
  const std::string name = c["VirtualMFADeviceName"].as_string();
  TRY(check_name(name, "VirtualMFADeviceName", 226));
  TRY(const std::string path, read_path(c));
  MfaDevice device;
  device.id = fmt::format("arn:aws:iam::{}:mfa{}{}", c.account.id, path, name);
  TRY(device.tags, read_iam_tags(c["Tags"]));
  Table<MfaDevice>& devices = iam(c).mfa_devices;
  if (devices.find(device.id)) return exists_already("MFADevice entity at the same path and name already exists.");
  c.changing(devices, device.id);
  c.out.begin_map("VirtualMFADevice");
  c.out.put("SerialNumber", device.id);
  // The seed is what a phone takes; codes are not computed here, so nothing needs to keep it.
  c.out.key("Base32StringSeed");
  c.out.blob(random_text(c.store, "", 64, capitals));
  c.out.key("QRCodePNG");
  c.out.blob("\x89PNG\r\n\x1a\n");
  write_tags(c.out, device.tags);
  c.out.end();
  devices.add(std::move(device));
  return {};
}

Outcome list_virtual(Call& c) {
  const std::string_view wanted = c["AssignmentStatus"].as_text_or("Any");
  std::vector<const MfaDevice*> devices;
  iam(c).mfa_devices.each_seen(c.now, "", [&](const MfaDevice& device) {
    const bool assigned = !device.user.empty();
    const bool fits = wanted == "Any" || (wanted == "Assigned") == assigned;
    if (device.id.starts_with("arn:") && fits) devices.push_back(&device);
    return true;
  });
  return write_page(
      c, "VirtualMFADevices", devices, [](const MfaDevice* device) { return device->id; },
      [&](const MfaDevice* device) {
        c.out.begin_map();
        c.out.put("SerialNumber", device->id);
        if (device->enabled) c.out.put("EnableDate", *device->enabled);
        if (const IamUser* user = iam(c).users.find(device->user)) {
          c.out.begin_map("User");
          write_user(c, *user, false);
          c.out.end();
        }
        c.out.end();
      });
}

Outcome remove(Call& c) {
  const std::string serial = c["SerialNumber"].as_string();
  const MfaDevice* device = iam(c).mfa_devices.find(serial);
  if (!device) return no_device(serial);
  if (!device->user.empty()) {
    return fault("DeleteConflict", "MFA VirtualDevice in use. Must deactivate first.", 409);
  }
  c.changing(iam(c).mfa_devices, serial);
  iam(c).mfa_devices.erase(serial);
  return {};
}

/// Two codes that a device showed one after another: here any two different ones of six digits.
Outcome check_codes(const Call& c) {
  for (const std::string_view member : {"AuthenticationCode1", "AuthenticationCode2"}) {
    const std::string_view code = c[member].as_text();
    if (code.size() != 6 || !std::ranges::all_of(code, [](char l) { return l >= '0' && l <= '9'; })) {
      return fault("ValidationError", "Authentication codes have six digits.");
    }
  }
  if (c["AuthenticationCode1"].as_text() == c["AuthenticationCode2"].as_text()) {
    return fault("InvalidAuthenticationCode", "Authentication code for device is not valid.", 403);
  }
  return {};
}

Outcome enable(Call& c) {
  constexpr std::ptrdiff_t most = 8;
  TRY(const IamUser* user, own<OfUser>(c));
  TRY(check_codes(c));
  Table<MfaDevice>& devices = iam(c).mfa_devices;
  const std::string serial = c["SerialNumber"].as_string();
  MfaDevice* device = devices.find(serial);
  if (!device && serial.starts_with("arn:")) return no_device(serial);
  if (device && !device->user.empty()) return exists_already("MFA Device is already in use.");
  if (std::ranges::count(devices.rows, user->id, [](const auto& row) { return row.second.user; }) >= most) {
    return over_quota("MFADevicesPerUser", most);
  }
  c.changing(devices, serial);
  if (!device) device = &devices.add({.id = serial, .user = "", .enabled = {}, .tags = {}});
  device->user = user->id;
  device->enabled = c.now;
  return {};
}

std::expected<MfaDevice*, Fault> device_of_user(Call& c) {
  const std::string serial = c["SerialNumber"].as_string();
  std::string user = c["UserName"].as_string();
  if (user.empty()) user = c.caller_arn.substr(c.caller_arn.rfind('/') + 1);
  MfaDevice* device = iam(c).mfa_devices.find(serial);
  if (device && device->user == user) return device;
  return no_entity(fmt::format("MFA device {} is not assigned to user {}.", serial, user));
}

Outcome deactivate(Call& c) {
  TRY(MfaDevice * device, device_of_user(c));
  c.changing(iam(c).mfa_devices, device->id);
  if (device->id.starts_with("arn:")) {
    device->user.clear();
    device->enabled.reset();
  } else {
    iam(c).mfa_devices.erase(std::string(device->id));  // a key of somebody's own leaves with its user
  }
  return {};
}

Outcome resync(Call& c) {
  TRY(check_codes(c));
  TRY([[maybe_unused]] const MfaDevice* device, device_of_user(c));
  return {};
}

Outcome get(Call& c) {
  TRY(const MfaDevice* device, device_of_user(c));
  c.out.put("UserName", device->user);
  c.out.put("SerialNumber", device->id);
  if (device->enabled) c.out.put("EnableDate", *device->enabled);
  return {};
}

Outcome list(Call& c) {
  std::string user = c["UserName"].as_string();
  if (user.empty()) {
    user = c.caller_arn.substr(c.caller_arn.rfind('/') + 1);
  } else {
    TRY([[maybe_unused]] const IamUser* found, seen<OfUser>(c));
  }
  std::vector<const MfaDevice*> devices;
  iam(c).mfa_devices.each_seen(c.now, "", [&](const MfaDevice& device) {
    if (device.user == user) devices.push_back(&device);
    return true;
  });
  return write_page(
      c, "MFADevices", devices, [](const MfaDevice* device) { return device->id; },
      [&](const MfaDevice* device) {
        c.out.begin_map();
        c.out.put("UserName", device->user);
        c.out.put("SerialNumber", device->id);
        if (device->enabled) c.out.put("EnableDate", *device->enabled);
        c.out.end();
      });
}

}  // namespace

void register_iam_mfa(Registry& r) {
  r.add("iam", "CreateVirtualMFADevice", create);
  r.add("iam", "ListVirtualMFADevices", list_virtual);
  r.add("iam", "DeleteVirtualMFADevice", remove);
  r.add("iam", "EnableMFADevice", enable);
  r.add("iam", "DeactivateMFADevice", deactivate);
  r.add("iam", "ResyncMFADevice", resync);
  r.add("iam", "GetMFADevice", get);
  r.add("iam", "ListMFADevices", list);
}

}  // namespace reeve::sandbox
