#include "deploy/cli/kubernetes/cluster.h"

namespace chains::deploy::cli {

Cluster::Cluster(std::unique_ptr<Transport> transport, std::string in_namespace,
                 std::string field_manager)
    : in_namespace_(std::move(in_namespace)),
      transport_(std::move(transport)),
      api_(*transport_, {.field_manager = std::move(field_manager)}),
      reactor_(workers_) {
  reactor_.Start();
}

Cluster::~Cluster() { reactor_.Stop(); }

}  // namespace chains::deploy::cli
