#pragma once
#include "sandbox/service.h"

/// How resources look in answers: each writes its members into the map that is open in `out`.
namespace reeve::sandbox {

void write_snapshot(Builder& out, const Snapshot& snapshot);
void write_volume(Builder& out, const Volume& volume);
void write_attachment(Builder& out, const std::string& volume_id, const Attachment& attachment);
/// `region` gives the volumes behind the block devices.
void write_instance(Builder& out, const Instance& instance, const Region& region);
/// Who manages a resource; nothing where nobody does.
void write_operator(Builder& out, const std::string& principal, bool hidden);
/// EC2's number of an instance's state.
int state_code(std::string_view state);
void write_image(Builder& out, const Image& image);

/// RunInstances, also for services that launch instances of their own.
Outcome run_instances(Call& call);

}  // namespace reeve::sandbox
