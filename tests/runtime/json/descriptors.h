// The descriptors of a generated message's file and all it imports, as a replica sends them.
#pragma once

#include <set>
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

namespace chains::json {

inline void AddFile(const google::protobuf::FileDescriptor& file, std::set<std::string>& known,
                    google::protobuf::FileDescriptorSet& files) {
  if (!known.insert(file.name()).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) AddFile(*file.dependency(i), known, files);
  google::protobuf::FileDescriptorProto copy;
  file.CopyTo(&copy);
  file.CopyJsonNameTo(&copy);
  *files.add_file() = copy;
}

// Through bytes, so that options which this program knows are no different from unknown ones.
inline google::protobuf::FileDescriptorSet FilesOf(const google::protobuf::Descriptor& message) {
  std::set<std::string> known;
  google::protobuf::FileDescriptorSet files;
  AddFile(*message.file(), known, files);
  google::protobuf::FileDescriptorSet read;
  read.ParseFromString(files.SerializeAsString());
  return read;
}

}  // namespace chains::json
