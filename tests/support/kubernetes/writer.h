// Writer: how an API server changes objects: create, replace, merge, apply, delete, each with its
// conditions. Nothing here knows of HTTP but its answers.
//
//   HttpResponse answer = Writer(store, now).Apply(request, object);
#pragma once

#include <string>

#include "absl/time/time.h"
#include "deploy/apiserver/transport.h"
#include "tests/support/kubernetes/object_store.h"

namespace chains::deploy::fake {

class Writer {
 public:
  Writer(ObjectStore& store, absl::Time now) : store_(store), now_(now) {}

  HttpResponse Create(const ApiRequest& request, Json object);
  HttpResponse Replace(const ApiRequest& request, Json object);
  HttpResponse Merge(const ApiRequest& request, const Json& patch);
  HttpResponse Apply(const ApiRequest& request, Json applied);
  HttpResponse Delete(const ObjectKey& key, const Json& options, bool dry_run);

  // What nobody owns any more goes; one step. False: there was nothing to do.
  bool CollectGarbage() { return Collect(true); }
  bool HasGarbage() { return Collect(false); }

 private:
  // The last steps of every change: `wanted` is to be there in place of what is.
  HttpResponse Keep(const ApiRequest& request, const ObjectKey& key, Json wanted,
                    const std::string& operation);
  HttpResponse KeepStored(const ApiRequest& request, const ObjectKey& key, Stored next,
                          const Json& before);
  HttpResponse ApplyOver(const ApiRequest& request, const ObjectKey& key, const Json& applied);
  std::string ConflictsOf(const Stored& before, const Manager& me, const PathSet& changed,
                          Json& causes) const;
  bool Collect(bool really);
  bool IsOrphan(const Json& object) const;
  const Stored* OwnerOf(const Json& owner, const std::string& in_namespace) const;

  ObjectStore& store_;
  const absl::Time now_;
};

// What the scale subresource of a workload says, and the patch of the workload that a scale means.
Json ScaleOf(const Json& workload);

}  // namespace chains::deploy::fake
