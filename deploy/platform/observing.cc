// What PlatformService tells of how deployments do.
#include "deploy/platform/platform_service.h"

namespace chains::deploy {

Task<v1::MeasureResponse> PlatformService::Measure(v1::MeasureRequest request) {
  co_await Authorize();
  co_await Resolve(request.of());
  co_await absl::UnimplementedError("nothing is measured");
  co_return v1::MeasureResponse();
}
Task<v1::ListTracesResponse> PlatformService::ListTraces(v1::ListTracesRequest) {
  co_await Authorize();
  co_return v1::ListTracesResponse();
}
Task<v1::Trace> PlatformService::GetTrace(v1::GetTraceRequest) {
  co_await Authorize();
  co_await absl::NotFoundError("no traces are kept");
  co_return v1::Trace();
}
Task<v1::SetLogLevelResponse> PlatformService::SetLogLevel(v1::SetLogLevelRequest request) {
  co_await Authorize();
  co_await Resolve(request.of());
  co_await absl::UnimplementedError("levels cannot be set");
  co_return v1::SetLogLevelResponse();
}
Stream<v1::RecordingPart> PlatformService::Record(v1::RecordRequest request) {
  co_await Authorize();
  co_await Resolve(request.of());
  co_await absl::UnimplementedError("nothing is recorded");
}
Task<v1::MakeTestResponse> PlatformService::MakeTest(v1::MakeTestRequest) {
  co_await Authorize();
  co_await absl::UnimplementedError("no tests are made");
  co_return v1::MakeTestResponse();
}

}  // namespace chains::deploy
