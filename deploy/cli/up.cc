#include "deploy/cli/up.h"

namespace chains::deploy::cli {

int RunUp(Session& session, const UpFlags&) {
  return session.Fail(absl::UnimplementedError("this program was built without a platform"));
}

}  // namespace chains::deploy::cli
